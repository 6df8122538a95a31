#include "cpp/model/hyperparameters.h"

#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "cpp/model/file_names.h"

namespace inlay::model {
namespace {

using architectures::Architecture;
using architectures::Key;

// Reads numbers by key.
class Reader {
 public:
  Reader(const Architecture& architecture, const formats::ModelFile& file)
      : names_(architecture, file) {}

  const FileNames& names() const { return names_; }
  // What defaults may be multiples of.
  void set_width(int32_t width) { width_ = width; }
  StatusOr<std::optional<double>> Number(const Key& key) const {
    return names_.Number(key, width_);
  }
  // No key, or one that is not there, leaves *out alone.
  Status Flag(const Key& key, bool* out) const {
    INLAY_ASSIGN_OR_RETURN(const std::optional<bool> flag, names_.Flag(key));
    if (flag.has_value()) *out = *flag;
    return OkStatus();
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
    return names_.Describe(key, what);
  }

 private:
  Status Missing(const Key& key, const char* what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(Name(key, what), " is missing"));
  }
  Status OutOfBounds(const Key& key, const char* what, double value,
                     const std::string& bounds) const {
    return absl::InvalidArgumentError(
        absl::StrCat(Name(key, what), " is ", value, ", not in ", bounds));
  }

  const FileNames names_;
  double width_ = 0.0;
};

Status ReadSizes(Reader& reader, const architectures::Hyperparameters& keys,
                 Hyperparameters* out) {
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.context_length(), "context_length",
                                       1, 1 << 27, -1, &out->context_length));
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.embedding_length(),
                                       "embedding_length", 1, 1 << 20, -1,
                                       &out->embedding_length));
  reader.set_width(out->embedding_length);
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
  INLAY_ASSIGN_OR_RETURN(const std::optional<bool> multi_query,
                         reader.names().Flag(keys.multi_query()));
  if (multi_query.has_value()) {
    out->kv_head_count = *multi_query ? 1 : out->head_count;
  } else {
    INLAY_RETURN_IF_ERROR(reader.Integer(keys.kv_head_count(), "kv_head_count",
                                         1, 1 << 14, out->head_count,
                                         &out->kv_head_count));
  }
  if (out->head_count % out->kv_head_count != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(reader.Name(keys.kv_head_count(), "kv_head_count"), " is ",
                     out->kv_head_count, ", which does not divide the ",
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
  float fraction = 1.0f;
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> given,
                         reader.Number(keys.rope_fraction()));
  if (given.has_value()) {
    INLAY_RETURN_IF_ERROR(reader.Real(keys.rope_fraction(), "rope_fraction",
                                      0.0, 1.0 + 1e-9, &fraction));
  }
  // Truncated, as the reference does.
  const auto rotated = static_cast<int64_t>(double{fraction} * out->head_dim);
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.rope_dimensions(),
                                       "rope_dimensions", 0, out->head_dim,
                                       rotated, &out->rope_dimensions));
  if (out->rope_dimensions % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(reader.Name(keys.rope_dimensions(), "rope_dimensions"),
                     " is ", out->rope_dimensions, ", an odd number"));
  }
  return OkStatus();
}

Status ReadLayerTypes(const Reader& reader, const Key& key,
                      Hyperparameters* out) {
  const std::string name = reader.names().Key(key);
  const formats::MetadataValue* value = reader.names().file().Find(name);
  if (name.empty() || value == nullptr) return OkStatus();
  const auto* types = std::get_if<std::vector<std::string>>(value);
  if (types == nullptr ||
      types->size() != static_cast<size_t>(out->block_count)) {
    return absl::InvalidArgumentError(
        absl::StrCat(reader.Name(key, "layer_types"), " is not a list of ",
                     out->block_count, " names"));
  }
  for (const std::string& type : *types) {
    const bool full = type == "full_attention" || type == "global";
    if (!full && type != "sliding_attention" && type != "local") {
      return absl::UnimplementedError(
          absl::StrCat(reader.Name(key, "layer_types"), " has the type \"",
                       type.substr(0, 100), "\", which is not supported"));
    }
    if (!full && out->sliding_window == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(reader.Name(key, "layer_types"),
                       " has sliding layers, but there is no window"));
    }
    out->full_layers.push_back(full);
  }
  return OkStatus();
}

Status ReadScale(const Reader& reader, const Key& key, const char* what,
                 const Hyperparameters& hp, float* out) {
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> given, reader.Number(key));
  if (!given.has_value()) return OkStatus();
  INLAY_RETURN_IF_ERROR(reader.Real(key, what, 1e-9, 1e9, out));
  if (!reader.names().huggingface()) return OkStatus();
  if (key.huggingface_over_root_of_blocks()) {
    *out /= std::sqrt(static_cast<float>(hp.block_count));
  }
  if (key.huggingface_under_width()) {
    *out = static_cast<float>(hp.embedding_length) / *out;
  }
  return OkStatus();
}

Status ReadScales(const Reader& reader,
                  const architectures::Hyperparameters& keys,
                  Hyperparameters* out) {
  out->attention_scale = 1.0f / std::sqrt(static_cast<float>(out->head_dim));
  INLAY_RETURN_IF_ERROR(ReadScale(reader, keys.embedding_scale(),
                                  "embedding_scale", *out,
                                  &out->embedding_scale));
  INLAY_RETURN_IF_ERROR(ReadScale(reader, keys.residual_scale(),
                                  "residual_scale", *out,
                                  &out->residual_scale));
  INLAY_RETURN_IF_ERROR(ReadScale(reader, keys.attention_scale(),
                                  "attention_scale", *out,
                                  &out->attention_scale));
  return ReadScale(reader, keys.logit_divisor(), "logit_divisor", *out,
                   &out->logit_divisor);
}

// 0 stands for none.
Status ReadCap(const Reader& reader, const Key& key, const char* what,
               float* out) {
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> given, reader.Number(key));
  if (!given.has_value()) return OkStatus();
  return reader.Real(key, what, 0.0, 1e9, out);
}

// The scale of scores by what it is the inverse root of.
Status ReadAttentionRoot(const Reader& reader, const Architecture& architecture,
                         Hyperparameters* out) {
  float root = 0.0f;
  INLAY_RETURN_IF_ERROR(
      ReadScale(reader, architecture.hyperparameters().attention_root(),
                "attention_root", *out, &root));
  if (!reader.names().huggingface() &&
      static_cast<uint32_t>(out->block_count) ==
          architecture.attention().gguf_mean_width_blocks()) {
    root = static_cast<float>(out->embedding_length) /
           static_cast<float>(out->head_count);
  }
  if (root > 0.0f) out->attention_scale = 1.0f / std::sqrt(root);
  return OkStatus();
}

Status ReadSoftcaps(const Reader& reader,
                    const architectures::Hyperparameters& keys,
                    Hyperparameters* out) {
  INLAY_RETURN_IF_ERROR(ReadCap(reader, keys.attention_softcap(),
                                "attention_softcap", &out->attention_softcap));
  INLAY_RETURN_IF_ERROR(ReadCap(reader, keys.logit_softcap(), "logit_softcap",
                                &out->logit_softcap));
  float scale = 0.0f;
  INLAY_RETURN_IF_ERROR(
      ReadScale(reader, keys.logit_scale(), "logit_scale", *out, &scale));
  if (scale > 0.0f) out->logit_divisor = 1.0f / scale;
  return OkStatus();
}

// How the attention and the MLP of older decoders differ from today's.
Status ReadVariant(const Reader& reader,
                   const architectures::Hyperparameters& keys,
                   Hyperparameters* out) {
  INLAY_RETURN_IF_ERROR(
      reader.Flag(keys.parallel_residual(), &out->parallel_residual));
  INLAY_RETURN_IF_ERROR(reader.Flag(keys.alibi(), &out->alibi));
  INLAY_RETURN_IF_ERROR(ReadScale(reader, keys.alibi_bias_max(),
                                  "alibi_bias_max", *out,
                                  &out->alibi_bias_max));
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> clip,
                         reader.Number(keys.clip_qkv()));
  if (clip.value_or(0.0) == 0.0) return OkStatus();
  return ReadScale(reader, keys.clip_qkv(), "clip_qkv", *out, &out->clip_qkv);
}

// Which layers leave q and k as they are.
Status ReadRopeLayers(const Reader& reader,
                      const architectures::Hyperparameters& keys,
                      Hyperparameters* out) {
  const auto count = static_cast<size_t>(out->block_count);
  const std::string name = reader.names().Key(keys.rope_layers());
  const formats::MetadataValue* value =
      name.empty() ? nullptr : reader.names().file().Find(name);
  if (value != nullptr) {
    const auto* rotated = std::get_if<std::vector<int64_t>>(value);
    if (rotated == nullptr || rotated->size() != count) {
      return absl::InvalidArgumentError(
          absl::StrCat(reader.Name(keys.rope_layers(), "rope_layers"),
                       " is not a list of ", count, " numbers"));
    }
    for (const int64_t one : *rotated) {
      out->unrotated_layers.push_back(one == 0);
    }
    return OkStatus();
  }
  int32_t every = 0;
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.layers_to_one_without_rope(),
                                       "layers_to_one_without_rope", 0, 1024, 0,
                                       &every));
  for (size_t layer = 1; every > 0 && layer <= count; ++layer) {
    out->unrotated_layers.push_back(layer % static_cast<size_t>(every) == 0);
  }
  return OkStatus();
}

// No key, or one that is not there, leaves *out alone.
Status ReadBool(const Reader& reader, const Key& key,
                std::optional<bool>* out) {
  const std::string name = reader.names().Key(key);
  if (name.empty()) return OkStatus();
  INLAY_ASSIGN_OR_RETURN(*out, reader.names().file().Get<bool>(name));
  return OkStatus();
}

// Learned positions that begin behind the padding's leave fewer for tokens.
Status ReadPositions(const Reader& reader, const Key& key,
                     Hyperparameters* out) {
  int32_t padding = -1;
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> given, reader.Number(key));
  if (given.has_value()) {
    INLAY_RETURN_IF_ERROR(reader.Integer(
        key, "position_padding", 0, out->context_length - 2, -1, &padding));
  }
  out->position_offset = padding + 1;
  out->context_length -= out->position_offset;
  return OkStatus();
}

// The windows of encoders, on both sides, and the layers without.
Status ReadSpan(const Reader& reader,
                const architectures::Hyperparameters& keys,
                Hyperparameters* out) {
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> base,
                         reader.Number(keys.local_rope_base()));
  if (base.has_value()) {
    INLAY_RETURN_IF_ERROR(reader.Real(keys.local_rope_base(), "local_rope_base",
                                      1e-6, 1e12, &out->local_rope_base));
  }
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> given,
                         reader.Number(keys.window_span()));
  if (!given.has_value()) return OkStatus();
  int32_t span = 0;
  INLAY_RETURN_IF_ERROR(
      reader.Integer(keys.window_span(), "window_span", 0, 1 << 27, -1, &span));
  out->sliding_window = span / 2 + 1;
  return OkStatus();
}

Status ReadPattern(const Reader& reader, const Key& key, Hyperparameters* out) {
  INLAY_ASSIGN_OR_RETURN(const std::optional<double> given, reader.Number(key));
  if (!given.has_value() || !out->full_layers.empty()) return OkStatus();
  int32_t every = 0;
  INLAY_RETURN_IF_ERROR(
      reader.Integer(key, "full_attention_every", 1, 1024, -1, &every));
  for (int32_t layer = 0; layer < out->block_count; ++layer) {
    out->full_layers.push_back(layer % every == 0);
  }
  return OkStatus();
}

// The layers without a window, by a list or as the last of each so many.
Status ReadLastPattern(const Reader& reader, const Key& key,
                       Hyperparameters* out) {
  if (out->sliding_window == 0 || !out->full_layers.empty()) return OkStatus();
  const std::string name = reader.names().Key(key);
  const formats::MetadataValue* value =
      name.empty() ? nullptr : reader.names().file().Find(name);
  const auto* list =
      value == nullptr ? nullptr : std::get_if<std::vector<bool>>(value);
  if (list != nullptr) {
    if (list->size() != static_cast<size_t>(out->block_count)) {
      return absl::InvalidArgumentError(
          absl::StrCat(reader.Name(key, "layers_to_one_without_window"),
                       " is not a list of ", out->block_count, " flags"));
    }
    for (const bool sliding : *list) out->full_layers.push_back(!sliding);
    return OkStatus();
  }
  int32_t every = 0;
  INLAY_RETURN_IF_ERROR(
      reader.Integer(key, "layers_to_one_without_window", 0, 1024, 0, &every));
  for (int32_t layer = 1; every > 0 && layer <= out->block_count; ++layer) {
    out->full_layers.push_back(layer % every == 0);
  }
  return OkStatus();
}

// Layers that rotate only where there is a window.
void LeaveFullLayersUnrotated(Hyperparameters* out) {
  if (out->sliding_window == 0 || out->full_layers.empty()) return;
  out->unrotated_layers = out->full_layers;
}

}  // namespace

StatusOr<Hyperparameters> ReadHyperparameters(const Architecture& architecture,
                                              const formats::ModelFile& file) {
  Reader reader(architecture, file);
  const architectures::Hyperparameters& keys = architecture.hyperparameters();
  Hyperparameters out;
  INLAY_RETURN_IF_ERROR(ReadSizes(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(ReadHeads(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(reader.Real(keys.norm_epsilon(), "norm_epsilon", 0.0,
                                    1.0, &out.norm_epsilon));
  if (reader.names().RopePairs() != architectures::ROPE_NONE) {
    INLAY_RETURN_IF_ERROR(ReadRope(reader, keys, &out));
    INLAY_RETURN_IF_ERROR(ReadRopeLayers(reader, keys, &out));
  }
  INLAY_RETURN_IF_ERROR(ReadScales(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(ReadAttentionRoot(reader, architecture, &out));
  INLAY_RETURN_IF_ERROR(ReadSoftcaps(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(ReadVariant(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(reader.Integer(keys.sliding_window(), "sliding_window",
                                       0, 1 << 27, 0, &out.sliding_window));
  INLAY_RETURN_IF_ERROR(ReadSpan(reader, keys, &out));
  INLAY_RETURN_IF_ERROR(ReadLayerTypes(reader, keys.layer_types(), &out));
  INLAY_RETURN_IF_ERROR(ReadPattern(reader, keys.full_attention_every(), &out));
  INLAY_RETURN_IF_ERROR(
      ReadLastPattern(reader, keys.layers_to_one_without_window(), &out));
  if (architecture.attention().rope().only_with_window()) {
    LeaveFullLayersUnrotated(&out);
  }
  INLAY_RETURN_IF_ERROR(
      ReadBool(reader, keys.tied_embeddings(), &out.tied_embeddings));
  INLAY_RETURN_IF_ERROR(ReadPositions(reader, keys.position_padding(), &out));
  INLAY_ASSIGN_OR_RETURN(out.experts,
                         ReadExpertSizes(architecture, file, out.block_count,
                                         out.feed_forward_length));
  return out;
}

}  // namespace inlay::model
