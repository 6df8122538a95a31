#include "cpp/sampling/sampler.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "cpp/base/fp_mode.h"
#include "cpp/sampling/filters.h"
#include "cpp/sampling/mirostat.h"
#include "cpp/sampling/row.h"
#include "kernels/common/exp.h"
#include "kernels/common/philox.h"

namespace inlay::sampling {
namespace {

bool IsOn(float probability) { return probability > 0 && probability < 1; }

// What a position's uniform numbers are for; each has a stream of its own. A
// later use of the same position (a draft, a fork) takes another.
constexpr uint64_t kTokenDraw = 0;
constexpr uint64_t kXtcDraw = 1;

// Weights of the candidates, from their logits; those that cannot be drawn
// leave.
CandidateSet WeighCandidates(float largest, float temperature,
                             std::vector<Candidate>* items) {
  CandidateSet set = {items, 0};
  for (Candidate& item : *items) {
    item.scaled = (item.value - largest) / temperature;
    item.weight = kernels::ExpOfNonPositive(item.scaled);
    set.total += static_cast<double>(item.weight);
  }
  std::erase_if(*items, [](const Candidate& c) { return c.weight == 0; });
  return set;
}

// The least weight that can matter to the filters that are on. Tokens below
// (1 - p) / n of the total have less than 1 - p together, so the nucleus never
// needs them; half of that leaves room for rounding.
float LeastWeight(const SamplingParams& params, double total, size_t n) {
  if (IsOn(params.typical_p)) return 0;
  if (IsOn(params.top_p)) {
    return static_cast<float>(0.5 * total *
                              (1.0 - static_cast<double>(params.top_p)) /
                              static_cast<double>(n));
  }
  return params.min_p;  // the largest weight is 1
}

bool HasCuts(const SamplingParams& params, bool is_xtc) {
  return IsOn(params.typical_p) || IsOn(params.top_p) || params.min_p > 0 ||
         is_xtc;
}

bool ChangesLogits(const SamplingParams& params) {
  return params.hook.call != nullptr || !params.logit_bias.empty() ||
         params.min_tokens > 0 || params.no_repeat_ngram > 0 ||
         params.repetition_penalty > 0 || params.presence_penalty != 0 ||
         params.frequency_penalty != 0 || params.dry_multiplier > 0;
}

float LogProbability(float logit, double divisor) {
  return static_cast<float>(static_cast<double>(logit) - divisor);
}

}  // namespace

Sampler::Sampler(int32_t vocabulary_size)
    : vocabulary_size_(std::max(vocabulary_size, 0)),
      maxima_(static_cast<size_t>(vocabulary_size_)),
      counts_(static_cast<size_t>(vocabulary_size_)) {}

CandidateSet Sampler::DrawableTokens(std::span<const float> logits,
                                     const SamplingParams& params) {
  CandidateSet set = {&candidates_, 0};
  if (params.top_k > 0 && params.top_k < vocabulary_size_) {
    maxima_.SelectLargest(logits, static_cast<size_t>(params.top_k),
                          &candidates_);
    return WeighCandidates(maxima_.largest().value, params.temperature,
                           &candidates_);
  }
  weights_.Weigh(logits, maxima_, params.temperature);
  set.total = weights_.total();
  weights_.Collect(logits, maxima_, params.temperature,
                   LeastWeight(params, set.total, logits.size()), &candidates_);
  return set;
}

void Sampler::Draw(std::span<const float> logits, const SampleInput& input,
                   SampleOutput* output) {
  const SamplingParams& params = *input.params;
  if (params.mirostat != 0) {
    DrawByMirostat(logits, input, output);
    return;
  }
  const bool is_xtc =
      params.xtc_probability > 0 &&
      kernels::UniformDraw(params.seed, input.position, kXtcDraw) <
          static_cast<double>(params.xtc_probability);
  const double uniform =
      kernels::UniformDraw(params.seed, input.position, kTokenDraw);
  const bool is_top_k = params.top_k > 0 && params.top_k < vocabulary_size_;
  if (!is_top_k && !HasCuts(params, is_xtc)) {
    weights_.Weigh(logits, maxima_, params.temperature);
    output->token = weights_.Draw(uniform);
    return;
  }
  CandidateSet set = DrawableTokens(logits, params);
  if (IsOn(params.typical_p)) KeepTypical(params.typical_p, &set);
  if (IsOn(params.top_p)) KeepTopP(params.top_p, &set);
  if (params.min_p > 0) KeepMinP(params.min_p, &set);
  if (is_xtc) {
    KeepXtc(
        params.xtc_threshold == 0 ? kDefaultXtcThreshold : params.xtc_threshold,
        &set);
  }
  output->token = DrawFrom(set, uniform).token;
}

void Sampler::DrawByMirostat(std::span<const float> logits,
                             const SampleInput& input, SampleOutput* output) {
  const SamplingParams& params = *input.params;
  const double mu = MirostatMu(params, output->state);
  const float largest = maxima_.largest().value;
  weights_.Weigh(logits, maxima_, params.temperature);
  const double total = weights_.total();
  if (params.mirostat == 1) {
    maxima_.SelectLargest(logits, kZipfTokens, &candidates_);
    WeighCandidates(largest, params.temperature, &candidates_);
    const size_t count = MirostatCount(candidates_, mu, vocabulary_size_);
    if (count > candidates_.size()) {
      maxima_.SelectLargest(logits, count, &candidates_);
      WeighCandidates(largest, params.temperature, &candidates_);
    } else {
      candidates_.resize(count);
    }
  } else {
    const float least = MirostatLeastWeight(total, mu);
    weights_.Collect(logits, maxima_, params.temperature, least, &candidates_);
    if (candidates_.empty()) {
      maxima_.SelectLargest(logits, 1, &candidates_);
      WeighCandidates(largest, params.temperature, &candidates_);
    }
  }
  const double uniform =
      kernels::UniformDraw(params.seed, input.position, kTokenDraw);
  const Candidate& drawn = DrawFrom({&candidates_, 0}, uniform);
  output->token = drawn.token;
  output->state =
      MirostatUpdate(params, mu, static_cast<double>(drawn.scaled), total);
}

Status Sampler::RunHook(std::span<float> logits, const SampleInput& input) {
  const LogitsHook& hook = input.params->hook;
  {
    // Undoes what the hook may do to the mode.
    const ScopedDefaultFpMode fp_mode;
    INLAY_RETURN_IF_ERROR(
        hook.call(hook.user, input.prompt, input.generated, logits));
  }
  maxima_.Scan(logits);
  if (maxima_.largest().valid) return OkStatus();
  return absl::InvalidArgumentError(
      "the hook left a logit that is not a number or infinite");
}

Status Sampler::Choose(std::span<float> logits, const SampleInput& input,
                       SampleOutput* output) {
  if (input.params->hook.call != nullptr) {
    INLAY_RETURN_IF_ERROR(RunHook(logits, input));
  }
  if (ChangesLogits(*input.params)) {
    INLAY_RETURN_IF_ERROR(Adjust(logits, input));
    if (std::isinf(maxima_.largest().value)) {
      return absl::InvalidArgumentError(
          "no token is left: logit_bias, min_tokens, no_repeat_ngram or the "
          "hook bans every one");
    }
  }
  if (input.params->temperature == 0 || input.params->top_k == 1) {
    output->token = maxima_.FirstOfLargest(logits);
  } else {
    Draw(logits, input, output);
  }
  return OkStatus();
}

// Also learns the maxima of the row.
Status Sampler::CheckRow(std::span<const float> logits, int32_t target) {
  if (logits.size() != static_cast<size_t>(vocabulary_size_)) {
    return absl::InternalError(absl::StrCat("a row of ", logits.size(),
                                            " logits, not ", vocabulary_size_));
  }
  if (target >= vocabulary_size_) {
    return absl::InternalError(absl::StrCat(
        "target ", target, " is not in the vocabulary of ", vocabulary_size_));
  }
  maxima_.Scan(logits);
  if (!maxima_.largest().valid) {
    return absl::DataLossError(
        "a logit is not a number or infinite: the model's weights or settings "
        "are damaged");
  }
  if (std::isinf(maxima_.largest().value)) {
    return absl::DataLossError(
        "no logit is finite: the model's weights or settings are damaged");
  }
  return OkStatus();
}

Status Sampler::Sample(std::span<float> logits, const SampleInput& input,
                       SampleOutput* output) {
  const SamplingParams& params = *input.params;
  output->top.clear();
  output->logprob = 0;
  output->state = input.state == nullptr ? SamplerState() : *input.state;
  INLAY_RETURN_IF_ERROR(CheckRow(logits, input.target));
  const bool is_target = input.target >= 0;
  if (!is_target && params.logprobs < 0) return Choose(logits, input, output);
  const double divisor = LogSumExp(logits, maxima_.largest().value);
  if (params.logprobs > 0) {
    maxima_.SelectLargest(logits, static_cast<size_t>(params.logprobs),
                          &candidates_);
    for (const Candidate& c : candidates_) {
      output->top.push_back({c.token, LogProbability(c.value, divisor)});
    }
  }
  std::span<const float> original = logits;
  if (is_target) {
    output->token = input.target;
  } else {
    if (ChangesLogits(params)) {
      original_.assign(logits.begin(), logits.end());
      original = original_;
    }
    INLAY_RETURN_IF_ERROR(Choose(logits, input, output));
  }
  output->logprob =
      LogProbability(original[static_cast<size_t>(output->token)], divisor);
  return OkStatus();
}

}  // namespace inlay::sampling
