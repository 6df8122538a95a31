#include "cpp/model/rope.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace inlay::model {
namespace {

using architectures::Architecture;

// What {arch}.rope.scaling.* of a GGUF file says.
struct Scaling {
  std::string type = "none";
  double factor = 1.0;
  double original_context = 0.0;
  double attention_factor = 1.0;
  double beta_fast = 32.0, beta_slow = 1.0;  // defaults of the paper
};

StatusOr<double> PositiveOr(const formats::ModelFile& file,
                            const std::string& key, double fallback) {
  INLAY_ASSIGN_OR_RETURN(std::optional<double> value, file.Get<double>(key));
  if (!value.has_value() || *value == 0.0) return fallback;
  if (!(*value > 0.0 && *value < 1e9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("metadata key ", key, " is ", *value));
  }
  return *value;
}

StatusOr<Scaling> ReadScaling(const Architecture& architecture,
                              const Hyperparameters& hp,
                              const formats::ModelFile& file) {
  const std::string prefix = absl::StrCat(architecture.gguf_name(), ".rope.");
  Scaling out;
  INLAY_ASSIGN_OR_RETURN(std::optional<std::string> type,
                         file.Get<std::string>(prefix + "scaling.type"));
  // Files older than scaling.type have scale_linear alone.
  INLAY_ASSIGN_OR_RETURN(double legacy,
                         PositiveOr(file, prefix + "scale_linear", 1.0));
  out.type = type.value_or(legacy != 1.0 ? "linear" : "none");
  INLAY_ASSIGN_OR_RETURN(out.factor,
                         PositiveOr(file, prefix + "scaling.factor", legacy));
  INLAY_ASSIGN_OR_RETURN(
      out.original_context,
      PositiveOr(file, prefix + "scaling.original_context_length",
                 hp.context_length));
  INLAY_ASSIGN_OR_RETURN(out.attention_factor,
                         PositiveOr(file, prefix + "scaling.attn_factor", 1.0));
  INLAY_ASSIGN_OR_RETURN(
      out.beta_fast,
      PositiveOr(file, prefix + "scaling.yarn_beta_fast", out.beta_fast));
  INLAY_ASSIGN_OR_RETURN(
      out.beta_slow,
      PositiveOr(file, prefix + "scaling.yarn_beta_slow", out.beta_slow));
  return out;
}

// The dimension whose wave turns `rotations` times over the original context
// (Peng et al., 2023, section 3.2).
double CorrectionDimension(double rotations, double dims, double base,
                           double context) {
  return dims * std::log(context / (rotations * 2.0 * std::numbers::pi)) /
         (2.0 * std::log(base));
}

// YaRN: low frequencies are interpolated, high ones kept, with a ramp between;
// scores are tempered by the magnitude.
void ApplyYarn(const Scaling& scaling, double base, Rope* rope) {
  const double dims = rope->dims;
  const double low = std::max(
      0.0, std::floor(CorrectionDimension(scaling.beta_fast, dims, base,
                                          scaling.original_context)));
  const double high = std::min(
      dims - 1.0, std::ceil(CorrectionDimension(scaling.beta_slow, dims, base,
                                                scaling.original_context)));
  for (size_t i = 0; i < rope->inverse_frequency.size(); ++i) {
    const double ramp = std::clamp(
        (static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
    const double kept = rope->inverse_frequency[i];
    rope->inverse_frequency[i] =
        static_cast<float>(kept / scaling.factor * ramp + kept * (1.0 - ramp));
  }
  rope->magnitude = static_cast<float>(scaling.attention_factor *
                                       (1.0 + 0.1 * std::log(scaling.factor)));
}

// Divides by the factors of a tensor, if the file has it (Llama 3).
Status ApplyFactors(const Architecture& architecture,
                    const formats::ModelFile& file, Rope* rope) {
  const architectures::Tensor& names =
      architecture.attention().rope().factors();
  if (names.gguf().empty()) return OkStatus();
  const formats::TensorInfo* tensor = file.FindTensor(names.gguf());
  if (tensor == nullptr) return OkStatus();
  const size_t pairs = rope->inverse_frequency.size();
  if (tensor->type != formats::DType::kF32 ||
      tensor->elements() != static_cast<int64_t>(pairs)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor ", names.gguf(), " must hold ", pairs, " F32 values"));
  }
  std::vector<uint8_t> bytes(pairs * sizeof(float));
  INLAY_RETURN_IF_ERROR(file.source().ReadAt(tensor->offset, bytes));
  for (size_t i = 0; i < pairs; ++i) {
    float factor;
    std::copy_n(bytes.data() + i * sizeof(float), sizeof(float),
                reinterpret_cast<uint8_t*>(&factor));
    if (!(factor > 0.0f && std::isfinite(factor))) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", names.gguf(), " has a factor of ", factor));
    }
    rope->inverse_frequency[i] /= factor;
  }
  return OkStatus();
}

}  // namespace

StatusOr<Rope> BuildRope(const Architecture& architecture,
                         const Hyperparameters& hp,
                         const formats::ModelFile& file) {
  Rope rope;
  if (architecture.attention().rope().gguf() == architectures::ROPE_NONE ||
      hp.rope_dimensions == 0) {
    return rope;
  }
  rope.kind = architecture.attention().rope().gguf() == architectures::ROPE_HALF
                  ? Rope::Kind::kHalf
                  : Rope::Kind::kInterleaved;
  rope.dims = hp.rope_dimensions;
  for (int32_t i = 0; i < rope.dims / 2; ++i) {
    rope.inverse_frequency.push_back(static_cast<float>(
        std::pow(double{hp.rope_base}, -2.0 * i / rope.dims)));
  }
  INLAY_ASSIGN_OR_RETURN(Scaling scaling, ReadScaling(architecture, hp, file));
  if (scaling.type == "linear") {
    for (float& f : rope.inverse_frequency) {
      f = static_cast<float>(f / scaling.factor);
    }
  } else if (scaling.type == "yarn") {
    ApplyYarn(scaling, hp.rope_base, &rope);
  } else if (scaling.type != "none") {
    return absl::UnimplementedError(
        absl::StrCat("RoPE scaling \"", scaling.type, "\" is not supported"));
  }
  INLAY_RETURN_IF_ERROR(ApplyFactors(architecture, file, &rope));
  return rope;
}

}  // namespace inlay::model
