#include "cpp/sampling/params.h"

#include <cmath>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace inlay::sampling {
namespace {

// NaN fails every comparison and so every range.
Status CheckRange(std::string_view field, float value, float low, float high) {
  if (value >= low && value <= high) return OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", not in [", low, ", ", high, "]"));
}

Status CheckNotNegative(std::string_view field, int32_t value) {
  if (value >= 0) return OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, " is ", value, ", negative"));
}

Status CheckBias(const std::vector<std::pair<int32_t, float>>& biases,
                 int32_t vocabulary_size) {
  for (size_t i = 0; i < biases.size(); ++i) {
    const auto [token, bias] = biases[i];
    if (token < 0 || token >= vocabulary_size) {
      return absl::OutOfRangeError(
          absl::StrCat("logit_bias[", i, "] has token ", token,
                       ", but the vocabulary has ", vocabulary_size));
    }
    if (std::isnan(bias) || bias == INFINITY) {
      return absl::InvalidArgumentError(absl::StrCat(
          "logit_bias[", i, "] is ", bias, "; only -inf may be infinite"));
    }
  }
  return OkStatus();
}

}  // namespace

Status Validate(const SamplingParams& params, int32_t vocabulary_size) {
  INLAY_RETURN_IF_ERROR(
      CheckRange("temperature", params.temperature, 0.0f, 100.0f));
  INLAY_RETURN_IF_ERROR(CheckNotNegative("top_k", params.top_k));
  INLAY_RETURN_IF_ERROR(CheckRange("top_p", params.top_p, 0.0f, 1.0f));
  INLAY_RETURN_IF_ERROR(CheckRange("min_p", params.min_p, 0.0f, 1.0f));
  INLAY_RETURN_IF_ERROR(CheckRange("typical_p", params.typical_p, 0.0f, 1.0f));
  INLAY_RETURN_IF_ERROR(CheckRange("repetition_penalty",
                                   params.repetition_penalty, 0.0f, 1000.0f));
  INLAY_RETURN_IF_ERROR(
      CheckRange("presence_penalty", params.presence_penalty, -2.0f, 2.0f));
  INLAY_RETURN_IF_ERROR(
      CheckRange("frequency_penalty", params.frequency_penalty, -2.0f, 2.0f));
  INLAY_RETURN_IF_ERROR(
      CheckNotNegative("penalty_last_n", params.penalty_last_n));
  if (params.logprobs < -1) {
    return absl::InvalidArgumentError(
        absl::StrCat("logprobs is ", params.logprobs, ", below -1"));
  }
  if (params.logprobs > vocabulary_size) {
    return absl::OutOfRangeError(absl::StrCat("logprobs is ", params.logprobs,
                                              ", but the vocabulary has ",
                                              vocabulary_size));
  }
  return CheckBias(params.logit_bias, vocabulary_size);
}

}  // namespace inlay::sampling
