#include "cpp/model/hyperparameters.h"

#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace inlay::model {
namespace {

using architectures::Architecture;
using architectures::Key;

// Reads numbers by key; remembers nothing.
class Reader {
 public:
  Reader(const Architecture& architecture, const formats::ModelFile& file)
      : architecture_(architecture), file_(file) {}

  // nullopt if the file lacks the key and it has no default.
  StatusOr<std::optional<double>> Number(const Key& key) const {
    if (key.gguf().empty()) return Default(key);
    const std::string name = ExpandKey(architecture_, key.gguf());
    const formats::MetadataValue* value = file_.Find(name);
    if (value == nullptr) return Default(key);
    if (std::holds_alternative<std::vector<int64_t>>(*value) ||
        std::holds_alternative<std::vector<uint64_t>>(*value)) {
      return absl::UnimplementedError(
          absl::StrCat("metadata key ", name, " differs by layer"));
    }
    return file_.Get<double>(name);
  }

  // Stores an integer in [low, high]; `fallback` < 0 makes the key required.
  Status Integer(const Key& key, const char* what, int64_t low, int64_t high,
                 int64_t fallback, int32_t* out) const {
    INLAY_ASSIGN_OR_RETURN(std::optional<double> number, Number(key));
    if (!number.has_value() && fallback < 0) return Missing(key, what);
    const double value =
        number.has_value() ? *number : static_cast<double>(fallback);
    if (!(value >= static_cast<double>(low) &&
          value <= static_cast<double>(high)) ||
        value != std::floor(value)) {
      return OutOfBounds(key, what, value, absl::StrCat(low, "..", high));
    }
    *out = static_cast<int32_t>(value);
    return OkStatus();
  }

  Status Real(const Key& key, const char* what, double above, double below,
              float* out) const {
    INLAY_ASSIGN_OR_RETURN(std::optional<double> number, Number(key));
    if (!number.has_value()) return Missing(key, what);
    if (!(*number >= above && *number < below)) {
      return OutOfBounds(key, what, *number, absl::StrCat(above, "..", below));
    }
    *out = static_cast<float>(*number);
    return OkStatus();
  }

  std::string Name(const Key& key, const char* what) const {
    return key.gguf().empty() ? what : ExpandKey(architecture_, key.gguf());
  }

 private:
  static std::optional<double> Default(const Key& key) {
    if (key.has_default_value()) return key.default_value();
    return std::nullopt;
  }
  Status Missing(const Key& key, const char* what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("metadata key ", Name(key, what), " is missing"));
  }
  Status OutOfBounds(const Key& key, const char* what, double value,
                     const std::string& bounds) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "metadata key ", Name(key, what), " is ", value, ", not in ", bounds));
  }

  const Architecture& architecture_;
  const formats::ModelFile& file_;
};

Status ReadSizes(const Reader& reader,
                 const architectures::Hyperparameters& keys,
                 Hyperparameters* out) {
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.context_length(), "context_length",
                                       1, 1 << 27, -1, &out->context_length));
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.embedding_length(),
                                       "embedding_length", 1, 1 << 20, -1,
                                       &out->embedding_length));
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.block_count(), "block_count", 1,
                                       1024, -1, &out->block_count));
  return reader.Integer(keys.feed_forward_length(), "feed_forward_length", 1,
                        1 << 22, -1, &out->feed_forward_length);
}

Status ReadHeads(const Reader& reader,
                 const architectures::Hyperparameters& keys,
                 Hyperparameters* out) {
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.head_count(), "head_count", 1,
                                       1 << 14, -1, &out->head_count));
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.kv_head_count(), "kv_head_count", 1,
                                       1 << 14, out->head_count,
                                       &out->kv_head_count));
  if (out->head_count % out->kv_head_count != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metadata key ", reader.Name(keys.kv_head_count(), "kv_head_count"),
        " is ", out->kv_head_count, ", which does not divide the ",
        out->head_count, " heads"));
  }
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.head_dim(), "head_dim", 1, 1 << 14,
                                       out->embedding_length / out->head_count,
                                       &out->head_dim));
  const int64_t width =
      (int64_t{out->head_count} + 2 * int64_t{out->kv_head_count}) *
      out->head_dim;
  if (width > (1 << 24)) {
    return absl::InvalidArgumentError(
        absl::StrCat("head_count and head_dim give ", width,
                     " q, k and v features, more than ", 1 << 24));
  }
  return OkStatus();
}

Status ReadRope(const Reader& reader,
                const architectures::Hyperparameters& keys,
                Hyperparameters* out) {
  INLAY_RETURN_IF_ERROR(
      reader.Real(keys.rope_base(), "rope_base", 1e-6, 1e12, &out->rope_base));
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.rope_dimensions(),
                                       "rope_dimensions", 0, out->head_dim,
                                       out->head_dim, &out->rope_dimensions));
  if (out->rope_dimensions % 2 != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metadata key ", reader.Name(keys.rope_dimensions(), "rope_dimensions"),
        " is ", out->rope_dimensions, ", an odd number"));
  }
  return OkStatus();
}

}  // namespace

std::string ExpandKey(const Architecture& architecture,
                      const std::string& key) {
  return absl::StrReplaceAll(key, {{"{arch}", architecture.gguf_name()}});
}

StatusOr<Hyperparameters> ReadHyperparameters(const Architecture& architecture,
                                              const formats::ModelFile& file) {
  const Reader reader(architecture, file);
  const architectures::Hyperparameters& keys = architecture.hyperparameters();
  Hyperparameters out;
  INLAY_RETURN_IF_ERROR(ReadSizes(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(ReadHeads(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(reader.Real(keys.norm_epsilon(), "norm_epsilon", 0.0,
                                    1.0, &out.norm_epsilon));
  if (architecture.attention().rope().gguf() != architectures::ROPE_NONE) {
    INLAY_RETURN_IF_ERROR(ReadRope(reader, keys, &out));
  }
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.sliding_window(), "sliding_window",
                                       0, 1 << 27, 0, &out.sliding_window));
  return out;
}

}  // namespace inlay::model
