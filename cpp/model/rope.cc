#include "cpp/model/rope.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/model/file_names.h"
#include "cpp/model/rope_scaling.h"

namespace inlay::model {
namespace {

using architectures::Architecture;

// The dimension whose wave turns `rotations` times over the original context
// (Peng et al., 2023, section 3.2).
double CorrectionDimension(double rotations, double dims, double base,
                           double context) {
  return dims * std::log(context / (rotations * 2.0 * std::numbers::pi)) /
         (2.0 * std::log(base));
}

// YaRN: low frequencies are interpolated, high ones kept, with a ramp between;
// scores are tempered by the magnitude.
void ApplyYarn(const RopeScaling& scaling, double base, Rope* rope) {
  const double dims = rope->dims;
  double low = CorrectionDimension(scaling.beta_fast, dims, base,
                                   scaling.original_context);
  double high = CorrectionDimension(scaling.beta_slow, dims, base,
                                    scaling.original_context);
  if (scaling.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(0.0, low);
  high = std::min(dims - 1.0, high);
  for (size_t i = 0; i < rope->inverse_frequency.size(); ++i) {
    const double ramp = std::clamp(
        (static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
    const double kept = rope->inverse_frequency[i];
    rope->inverse_frequency[i] =
        static_cast<float>(kept / scaling.factor * ramp + kept * (1.0 - ramp));
  }
  rope->magnitude = static_cast<float>(scaling.magnitude);
}

// Llama 3: long waves are stretched by the factor, short ones kept, and those
// between mixed (Grattafiori et al., 2024; formula of the published code).
void ApplyLlama3(const RopeScaling& scaling, Rope* rope) {
  const double context = scaling.original_context;
  const double low = scaling.low_frequency, high = scaling.high_frequency;
  for (float& frequency : rope->inverse_frequency) {
    const double turns = context * frequency / (2.0 * std::numbers::pi);
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    frequency = static_cast<float>(frequency / scaling.factor * (1.0 - kept) +
                                   frequency * kept);
  }
}

void AddFrequencies(double base, Rope* rope) {
  rope->inverse_frequency.clear();
  for (int32_t i = 0; i < rope->dims / 2; ++i) {
    rope->inverse_frequency.push_back(
        static_cast<float>(std::pow(base, -2.0 * i / rope->dims)));
  }
}

// The base is stretched once and for all, as "NTK-aware" scaling does it.
void ApplyAlpha(const RopeScaling& scaling, double base, Rope* rope) {
  if (rope->dims <= 2) return;
  const double dims = rope->dims;
  AddFrequencies(base * std::pow(scaling.factor, dims / (dims - 2.0)), rope);
}

// Divides by the factors of a tensor, if the file has it (Llama 3).
Status ApplyFactors(const Architecture& architecture,
                    const formats::ModelFile& file, Rope* rope) {
  const architectures::Tensor& names =
      architecture.attention().rope().factors();
  const formats::TensorInfo* tensor =
      FileNames(architecture, file).FindTensor(names, -1);
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

Rope BuildUnscaledRope(const Architecture& architecture,
                       const Hyperparameters& hp,
                       const formats::ModelFile& file) {
  Rope rope;
  const auto pairs = FileNames(architecture, file).RopePairs();
  if (pairs == architectures::ROPE_NONE || hp.rope_dimensions == 0) return rope;
  rope.kind = pairs == architectures::ROPE_HALF ? Rope::Kind::kHalf
                                                : Rope::Kind::kInterleaved;
  rope.dims = hp.rope_dimensions;
  AddFrequencies(hp.rope_base, &rope);
  return rope;
}

StatusOr<Rope> BuildRope(const Architecture& architecture,
                         const Hyperparameters& hp,
                         const formats::ModelFile& file) {
  Rope rope = BuildUnscaledRope(architecture, hp, file);
  if (rope.kind == Rope::Kind::kNone) return rope;
  INLAY_ASSIGN_OR_RETURN(RopeScaling scaling,
                         ReadRopeScaling(architecture, hp, file));
  if (scaling.type == "linear") {
    for (float& f : rope.inverse_frequency) {
      f = static_cast<float>(f / scaling.factor);
    }
  } else if (scaling.type == "yarn") {
    ApplyYarn(scaling, hp.rope_base, &rope);
  } else if (scaling.type == "llama3") {
    ApplyLlama3(scaling, &rope);
  } else if (scaling.type == "alpha") {
    ApplyAlpha(scaling, hp.rope_base, &rope);
  } else if (scaling.type != "none") {
    return absl::UnimplementedError(
        absl::StrCat("RoPE scaling \"", scaling.type, "\" is not supported"));
  }
  INLAY_RETURN_IF_ERROR(ApplyFactors(architecture, file, &rope));
  return rope;
}

}  // namespace inlay::model
