// Logit bias and penalties for tokens that appeared before.
#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "cpp/sampling/sampler.h"

namespace inlay::sampling {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

// `adjusted`, kept finite where `original` was: only a bias of -inf bans.
float KeepFinite(float original, float adjusted) {
  return std::isinf(original) ? original
                              : std::clamp(adjusted, -kLargest, kLargest);
}

Status CheckTokens(std::span<const int32_t> tokens, int32_t vocabulary_size) {
  for (const int32_t token : tokens) {
    if (token < 0 || token >= vocabulary_size) {
      return absl::InternalError(absl::StrCat(
          "token ", token, " is not in the vocabulary of ", vocabulary_size));
    }
  }
  return OkStatus();
}

// The part of prompt and generated that the last `count` tokens cover.
struct History {
  std::span<const int32_t> prompt;
  std::span<const int32_t> generated;
};
History LastTokens(const SampleInput& input, int32_t last_n) {
  History history = {input.prompt, input.generated};
  if (last_n <= 0) return history;
  size_t count = last_n;
  const size_t from_generated = std::min(count, input.generated.size());
  history.generated = input.generated.last(from_generated);
  count -= from_generated;
  history.prompt = input.prompt.last(std::min(count, input.prompt.size()));
  return history;
}

// Calls visit(token, count) once per distinct token of both spans; `counts`
// is zeros before and after.
template <typename Visit>
void VisitCounts(std::span<const int32_t> first,
                 std::span<const int32_t> second, std::vector<uint32_t>* counts,
                 Visit visit) {
  for (const int32_t token : first) ++(*counts)[token];
  for (const int32_t token : second) ++(*counts)[token];
  for (const auto& tokens : {first, second}) {
    for (const int32_t token : tokens) {
      const uint32_t count = (*counts)[token];
      if (count == 0) continue;
      (*counts)[token] = 0;
      visit(token, count);
    }
  }
}

}  // namespace

StatusOr<bool> Sampler::Adjust(std::span<float> logits,
                               const SampleInput& input) {
  const SamplingParams& params = *input.params;
  const bool keep_originals = params.logprobs >= 0;
  originals_.clear();
  bool changed = false;
  const auto set = [&](int32_t token, float value) {
    if (keep_originals) originals_.emplace_back(token, logits[token]);
    logits[token] = value;
    changed = true;
  };
  for (const auto& [token, bias] : params.logit_bias) {
    INLAY_RETURN_IF_ERROR(CheckTokens(std::span(&token, 1), vocabulary_size_));
    const float sum = logits[token] + bias;
    set(token, std::isinf(bias) ? bias : KeepFinite(logits[token], sum));
  }
  const float repetition = params.repetition_penalty;
  const bool repeats = repetition > 0 && repetition != 1;
  const bool counts =
      params.presence_penalty != 0 || params.frequency_penalty != 0;
  if (!repeats && !counts) return changed;
  INLAY_RETURN_IF_ERROR(CheckTokens(input.prompt, vocabulary_size_));
  INLAY_RETURN_IF_ERROR(CheckTokens(input.generated, vocabulary_size_));
  if (repeats) {
    const History history = LastTokens(input, params.penalty_last_n);
    VisitCounts(history.prompt, history.generated, &counts_,
                [&](int32_t token, uint32_t) {
                  const float x = logits[token];
                  set(token,
                      KeepFinite(x, x > 0 ? x / repetition : x * repetition));
                });
  }
  if (counts) {
    VisitCounts({}, input.generated, &counts_,
                [&](int32_t token, uint32_t count) {
                  const float x = logits[token];
                  const float penalty =
                      params.frequency_penalty * static_cast<float>(count) +
                      params.presence_penalty;
                  set(token, KeepFinite(x, x - penalty));
                });
  }
  return changed;
}

}  // namespace inlay::sampling
