#include "cpp/sampling/params.h"

#include <cmath>
#include <span>
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

bool IsToken(int32_t token, int32_t vocabulary_size) {
  return token >= 0 && token < vocabulary_size;
}

Status CheckTokenIds(std::string_view field, std::span<const int32_t> tokens,
                     int32_t vocabulary_size) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!IsToken(tokens[i], vocabulary_size)) {
      return absl::OutOfRangeError(
          absl::StrCat(field, "[", i, "] is token ", tokens[i],
                       ", but the vocabulary has ", vocabulary_size));
    }
  }
  return OkStatus();
}

Status CheckBias(const std::vector<std::pair<int32_t, float>>& biases,
                 int32_t vocabulary_size) {
  for (size_t i = 0; i < biases.size(); ++i) {
    const auto [token, bias] = biases[i];
    if (!IsToken(token, vocabulary_size)) {
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

Status CheckPenalties(const SamplingParams& params) {
  INLAY_RETURN_IF_ERROR(CheckRange("repetition_penalty",
                                   params.repetition_penalty, 0.0f, 1000.0f));
  INLAY_RETURN_IF_ERROR(
      CheckNotNegative("penalty_last_n", params.penalty_last_n));
  INLAY_RETURN_IF_ERROR(
      CheckRange("presence_penalty", params.presence_penalty, -2.0f, 2.0f));
  INLAY_RETURN_IF_ERROR(
      CheckRange("frequency_penalty", params.frequency_penalty, -2.0f, 2.0f));
  INLAY_RETURN_IF_ERROR(CheckNotNegative("min_tokens", params.min_tokens));
  return CheckNotNegative("no_repeat_ngram", params.no_repeat_ngram);
}

Status CheckBreakers(const SamplingParams& params, int32_t vocabulary_size) {
  if (params.dry_breakers.size() > static_cast<size_t>(kMaxDryBreakers)) {
    return absl::InvalidArgumentError(
        absl::StrCat("dry_breakers has ", params.dry_breakers.size(),
                     " entries, more than ", kMaxDryBreakers));
  }
  size_t tokens = 0;
  for (size_t i = 0; i < params.dry_breakers.size(); ++i) {
    const std::vector<int32_t>& breaker = params.dry_breakers[i];
    if (breaker.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("dry_breakers[", i, "] has no token"));
    }
    for (const int32_t token : breaker) {
      if (!IsToken(token, vocabulary_size)) {
        return absl::OutOfRangeError(
            absl::StrCat("dry_breakers[", i, "] has token ", token,
                         ", but the vocabulary has ", vocabulary_size));
      }
    }
    if (breaker.size() > 1) tokens += breaker.size();
  }
  if (tokens > static_cast<size_t>(kMaxDryBreakerTokens)) {
    return absl::InvalidArgumentError(
        absl::StrCat("dry_breakers of several tokens have ", tokens,
                     " tokens together, more than ", kMaxDryBreakerTokens));
  }
  return OkStatus();
}

Status CheckDry(const SamplingParams& params, int32_t vocabulary_size) {
  INLAY_RETURN_IF_ERROR(
      CheckRange("dry_multiplier", params.dry_multiplier, 0.0f, 100.0f));
  if (params.dry_base != 0) {
    INLAY_RETURN_IF_ERROR(
        CheckRange("dry_base", params.dry_base, 1.0f, 100.0f));
  }
  INLAY_RETURN_IF_ERROR(
      CheckNotNegative("dry_allowed_length", params.dry_allowed_length));
  INLAY_RETURN_IF_ERROR(CheckNotNegative("dry_last_n", params.dry_last_n));
  return CheckBreakers(params, vocabulary_size);
}

Status CheckCuts(const SamplingParams& params) {
  INLAY_RETURN_IF_ERROR(
      CheckRange("temperature", params.temperature, 0.0f, 100.0f));
  INLAY_RETURN_IF_ERROR(CheckNotNegative("top_k", params.top_k));
  INLAY_RETURN_IF_ERROR(CheckRange("typical_p", params.typical_p, 0.0f, 1.0f));
  INLAY_RETURN_IF_ERROR(CheckRange("top_p", params.top_p, 0.0f, 1.0f));
  INLAY_RETURN_IF_ERROR(CheckRange("min_p", params.min_p, 0.0f, 1.0f));
  INLAY_RETURN_IF_ERROR(
      CheckRange("xtc_probability", params.xtc_probability, 0.0f, 1.0f));
  return CheckRange("xtc_threshold", params.xtc_threshold, 0.0f, 1.0f);
}

Status CheckMirostat(const SamplingParams& params) {
  if (params.mirostat < 0 || params.mirostat > 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("mirostat is ", params.mirostat, ", not 0, 1 or 2"));
  }
  INLAY_RETURN_IF_ERROR(
      CheckRange("mirostat_tau", params.mirostat_tau, 0.0f, 100.0f));
  INLAY_RETURN_IF_ERROR(
      CheckRange("mirostat_eta", params.mirostat_eta, 0.0f, 1.0f));
  if (params.mirostat == 0) return OkStatus();
  const auto is_on = [](float p) { return p > 0 && p < 1; };
  const char* cut = params.top_k > 0             ? "top_k"
                    : is_on(params.typical_p)    ? "typical_p"
                    : is_on(params.top_p)        ? "top_p"
                    : params.min_p > 0           ? "min_p"
                    : params.xtc_probability > 0 ? "xtc_probability"
                                                 : nullptr;
  if (cut == nullptr) return OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "mirostat is on, which cuts by itself: ", cut, " must be off"));
}

}  // namespace

Status Validate(const SamplingParams& params, int32_t vocabulary_size) {
  INLAY_RETURN_IF_ERROR(CheckBias(params.logit_bias, vocabulary_size));
  INLAY_RETURN_IF_ERROR(
      CheckTokenIds("end_ids", params.end_ids, vocabulary_size));
  INLAY_RETURN_IF_ERROR(CheckPenalties(params));
  INLAY_RETURN_IF_ERROR(CheckDry(params, vocabulary_size));
  INLAY_RETURN_IF_ERROR(CheckCuts(params));
  INLAY_RETURN_IF_ERROR(CheckMirostat(params));
  if (params.logprobs < -1) {
    return absl::InvalidArgumentError(
        absl::StrCat("logprobs is ", params.logprobs, ", below -1"));
  }
  if (params.logprobs > vocabulary_size) {
    return absl::OutOfRangeError(absl::StrCat("logprobs is ", params.logprobs,
                                              ", but the vocabulary has ",
                                              vocabulary_size));
  }
  return OkStatus();
}

}  // namespace inlay::sampling
