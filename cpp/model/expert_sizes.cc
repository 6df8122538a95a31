#include "cpp/model/expert_sizes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "cpp/model/file_names.h"

namespace inlay::model {
namespace {

using architectures::Key;

constexpr int32_t kMaxExperts = 1 << 12;
constexpr int32_t kMaxUsed = 64;
constexpr int32_t kMaxLength = 1 << 22;

class ExpertReader {
 public:
  ExpertReader(const architectures::Architecture& architecture,
               const formats::ModelFile& file)
      : names_(architecture, file) {}

  // An integer of [low, high]; `fallback` < low makes the key required.
  Status Integer(const Key& key, const char* what, int32_t low, int32_t high,
                 int32_t fallback, int32_t* out) const {
    INLAY_ASSIGN_OR_RETURN(const std::optional<double> given,
                           names_.Number(key, 0));
    if (!given.has_value() && fallback >= low) {
      *out = fallback;
      return OkStatus();
    }
    if (!given.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(names_.Describe(key, what), " is missing"));
    }
    if (!(*given >= low && *given <= high) || *given != std::floor(*given)) {
      return absl::InvalidArgumentError(
          absl::StrCat(names_.Describe(key, what), " is ", *given, ", not in ",
                       low, "..", high));
    }
    *out = static_cast<int32_t>(*given);
    return OkStatus();
  }

  Status Real(const Key& key, const char* what, float* out) const {
    INLAY_ASSIGN_OR_RETURN(const std::optional<double> given,
                           names_.Number(key, 0));
    if (!given.has_value()) return OkStatus();
    if (!(*given > 0.0 && *given < 1e6)) {
      return absl::InvalidArgumentError(
          absl::StrCat(names_.Describe(key, what), " is ", *given));
    }
    *out = static_cast<float>(*given);
    return OkStatus();
  }

  Status Bool(const Key& key, bool* out) const {
    const std::string name = names_.Key(key);
    if (name.empty()) return OkStatus();
    INLAY_ASSIGN_OR_RETURN(const std::optional<bool> given,
                           names_.file().Get<bool>(name));
    *out = given.value_or(*out);
    return OkStatus();
  }

  // Numbers of layers that a list names, taken out of `layers`.
  Status RemoveLayers(const Key& key, std::vector<bool>* layers) const {
    const std::string name = names_.Key(key);
    const formats::MetadataValue* value =
        name.empty() ? nullptr : names_.file().Find(name);
    if (value == nullptr) return OkStatus();
    // An empty list has no type of its own.
    const auto* none = std::get_if<std::vector<std::string>>(value);
    if (none != nullptr && none->empty()) return OkStatus();
    const auto* list = std::get_if<std::vector<int64_t>>(value);
    if (list == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(names_.Describe(key, "dense_layers"),
                       " is not a list of numbers of layers"));
    }
    for (const int64_t layer : *list) {
      if (layer < 0 || layer >= static_cast<int64_t>(layers->size())) continue;
      (*layers)[static_cast<size_t>(layer)] = false;
    }
    return OkStatus();
  }

  const FileNames& names() const { return names_; }

 private:
  const FileNames names_;
};

Status ReadLengths(const ExpertReader& reader,
                   const architectures::ExpertKeys& keys,
                   int32_t feed_forward_length, ExpertSizes* out) {
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.used(), "experts used", 1,
                                       std::min(out->count, kMaxUsed), 0,
                                       &out->used));
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.length(), "expert length", 1,
                                       kMaxLength, feed_forward_length,
                                       &out->length));
  int32_t shared = 0;
  INLAY_RETURN_IF_ERROR(reader.Integer(
      keys.shared_count(), "number of shared experts", 0, 64, 0, &shared));
  const int64_t shared_length = int64_t{shared} * out->length;
  if (shared_length > kMaxLength) {
    return absl::InvalidArgumentError("the shared experts are too long");
  }
  return reader.Integer(keys.shared_length(), "length of the shared expert", 0,
                        kMaxLength, static_cast<int32_t>(shared_length),
                        &out->shared_length);
}

Status ReadGroups(const ExpertReader& reader,
                  const architectures::ExpertKeys& keys, ExpertSizes* out) {
  const std::string method = reader.names().Key(keys.group_method());
  if (!method.empty()) {
    INLAY_ASSIGN_OR_RETURN(const std::optional<std::string> given,
                           reader.names().file().Get<std::string>(method));
    if (given.has_value() && *given != keys.grouped_method()) {
      return OkStatus();
    }
  }
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.group_count(), "groups of experts",
                                       1, out->count, 1, &out->group_count));
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.groups_kept(), "groups kept", 1,
                                       out->group_count, out->group_count,
                                       &out->groups_kept));
  if (out->count % out->group_count != 0 ||
      out->count / out->group_count * out->groups_kept < out->used) {
    return absl::InvalidArgumentError(absl::StrCat(
        reader.names().Describe(keys.group_count(), "groups of experts"),
        " is ", out->group_count, " with ", out->groups_kept, " kept, for ",
        out->used, " of ", out->count, " experts"));
  }
  return OkStatus();
}

Status ReadLayers(const ExpertReader& reader,
                  const architectures::ExpertKeys& keys, int32_t block_count,
                  ExpertSizes* out) {
  constexpr int32_t kMost = std::numeric_limits<int32_t>::max();
  int32_t first = 0, last = block_count - 1, step = 1;
  INLAY_RETURN_IF_ERROR(reader.Integer(
      keys.first_layer(), "first layer with experts", 0, kMost, 0, &first));
  // Some write -1 for the last one.
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> end,
                         reader.names().Number(keys.last_layer(), 0));
  if (end.has_value() && *end >= 0) {
    INLAY_RETURN_IF_ERROR(reader.Integer(
        keys.last_layer(), "last layer with experts", 0, kMost, 0, &last));
  }
  INLAY_RETURN_IF_ERROR(reader.Integer(
      keys.layer_step(), "step of layers with experts", 1, kMost, 1, &step));
  for (int32_t layer = 0; layer < block_count; ++layer) {
    out->layers.push_back(layer >= first && layer <= last &&
                          (layer + 1) % step == 0);
  }
  return reader.RemoveLayers(keys.dense_layers(), &out->layers);
}

}  // namespace

StatusOr<ExpertSizes> ReadExpertSizes(
    const architectures::Architecture& architecture,
    const formats::ModelFile& file, int32_t block_count,
    int32_t feed_forward_length) {
  ExpertSizes out;
  if (!architecture.mlp().has_experts()) return out;
  const ExpertReader reader(architecture, file);
  const architectures::ExpertKeys& keys =
      architecture.hyperparameters().experts();
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.count(), "number of experts", 0,
                                       kMaxExperts, 0, &out.count));
  if (out.count == 0) return out;
  INLAY_RETURN_IF_ERROR(ReadLengths(reader, keys, feed_forward_length, &out));
  out.renormalize = architecture.mlp().experts().renormalize();
  INLAY_RETURN_IF_ERROR(reader.Bool(keys.renormalize(), &out.renormalize));
  INLAY_RETURN_IF_ERROR(
      reader.Real(keys.scale(), "scale of the experts", &out.scale));
  INLAY_RETURN_IF_ERROR(
      reader.Real(keys.jitter(), "jitter of the router", &out.jitter));
  INLAY_RETURN_IF_ERROR(ReadGroups(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(ReadLayers(reader, keys, block_count, &out));
  return out;
}

}  // namespace inlay::model
