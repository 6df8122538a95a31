#include "cpp/sampling/sampler.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "cpp/sampling/filters.h"
#include "cpp/sampling/row.h"
#include "kernels/common/exp.h"
#include "kernels/common/philox.h"

namespace inlay::sampling {
namespace {

bool IsOn(float probability) { return probability > 0 && probability < 1; }

// The one draw that this file makes per position; a later use of the same
// position (a draft, a fork) takes another index.
constexpr uint64_t kTokenDraw = 0;

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

// Draws by weight without any filter, in the order of ids.
int32_t DrawByWeight(std::span<const float> weights, double total,
                     double uniform) {
  const double target = uniform * total;
  double mass = 0;
  int32_t last = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    mass += static_cast<double>(weights[i]);
    last = static_cast<int32_t>(i);
    if (mass > target) break;
  }
  return last;
}

}  // namespace

Sampler::Sampler(int32_t vocabulary_size)
    : vocabulary_size_(std::max(vocabulary_size, 0)),
      counts_(static_cast<size_t>(vocabulary_size_)) {}

float Sampler::OriginalLogit(std::span<const float> logits,
                             int32_t token) const {
  for (const auto& [changed, logit] : originals_) {
    if (changed == token) return logit;
  }
  return logits[token];
}

int32_t Sampler::Draw(std::span<const float> logits, float largest,
                      const SampleInput& input) {
  const SamplingParams& params = *input.params;
  const double uniform =
      kernels::UniformDraw(params.seed, input.position, kTokenDraw);
  CandidateSet set = {&candidates_, 0};
  if (params.top_k > 0 && params.top_k < vocabulary_size_) {
    SelectLargest(logits, params.top_k, &candidates_);
    set = WeighCandidates(largest, params.temperature, &candidates_);
  } else {
    weights_.resize(logits.size());
    ExpRow(logits, largest, params.temperature, weights_.data());
    for (const float weight : weights_) {
      set.total += static_cast<double>(weight);
    }
    if (!IsOn(params.typical_p) && !IsOn(params.top_p) && params.min_p <= 0) {
      return DrawByWeight(weights_, set.total, uniform);
    }
    const float least = LeastWeight(params, set.total, logits.size());
    candidates_.clear();
    for (size_t i = 0; i < logits.size(); ++i) {
      if (weights_[i] == 0 || weights_[i] < least) continue;
      candidates_.push_back({static_cast<int32_t>(i), logits[i],
                             (logits[i] - largest) / params.temperature,
                             weights_[i]});
    }
  }
  if (IsOn(params.typical_p)) KeepTypical(params.typical_p, &set);
  if (IsOn(params.top_p)) KeepTopP(params.top_p, &set);
  if (params.min_p > 0) KeepMinP(params.min_p, &set);
  return DrawFrom(set, uniform);
}

Status Sampler::Sample(std::span<float> logits, const SampleInput& input,
                       SampleOutput* output) {
  if (logits.size() != static_cast<size_t>(vocabulary_size_)) {
    return absl::InternalError(absl::StrCat("a row of ", logits.size(),
                                            " logits, not ", vocabulary_size_));
  }
  RowMaximum maximum = FindMaximum(logits);
  if (!maximum.valid) {
    return absl::DataLossError(
        "a logit is not a number or infinite: the model's weights or settings "
        "are damaged");
  }
  if (std::isinf(maximum.value)) {
    return absl::DataLossError(
        "no logit is finite: the model's weights or settings are damaged");
  }
  const bool wants_logprobs = input.params->logprobs >= 0;
  double divisor = 0;
  output->top.clear();
  if (wants_logprobs) {
    divisor = LogSumExp(logits, maximum.value);
    SelectLargest(logits, input.params->logprobs, &candidates_);
    for (const Candidate& c : candidates_) {
      output->top.push_back(
          {c.token,
           static_cast<float>(static_cast<double>(c.value) - divisor)});
    }
  }
  INLAY_ASSIGN_OR_RETURN(const bool changed, Adjust(logits, input));
  if (changed) {
    maximum = FindMaximum(logits);
    if (std::isinf(maximum.value)) {
      return absl::InvalidArgumentError("logit_bias bans every token");
    }
  }
  output->token = input.params->temperature == 0 || input.params->top_k == 1
                      ? FirstIndexOf(logits, maximum.value)
                      : Draw(logits, maximum.value, input);
  output->logprob = wants_logprobs
                        ? static_cast<float>(static_cast<double>(OriginalLogit(
                                                 logits, output->token)) -
                                             divisor)
                        : 0.0f;
  return OkStatus();
}

}  // namespace inlay::sampling
