// What changes logits before any is drawn: biases, bans and penalties.
#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "cpp/sampling/sampler.h"

namespace inlay::sampling {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kBanned = -std::numeric_limits<float>::infinity();

// Changes single logits of a row whose maxima are known.
struct RowEditor {
  std::span<float> logits;
  BlockMaxima* maxima;

  void Set(int32_t token, float value) const {
    logits[static_cast<size_t>(token)] = value;
    maxima->Touch(token);
  }
  // Keeps finite what is: only a ban gives -inf.
  void SetFinite(int32_t token, float value) const {
    if (std::isinf(logits[static_cast<size_t>(token)])) return;
    Set(token, std::clamp(value, -kLargest, kLargest));
  }
};

Status CheckTokens(std::span<const int32_t> tokens, int32_t vocabulary_size) {
  bool bad = false;
  for (const int32_t token : tokens) {
    bad |=
        static_cast<uint32_t>(token) >= static_cast<uint32_t>(vocabulary_size);
  }
  if (!bad) return OkStatus();
  const auto outside = std::find_if(
      tokens.begin(), tokens.end(), [vocabulary_size](int32_t token) {
        return token < 0 || token >= vocabulary_size;
      });
  return absl::InternalError(absl::StrCat(
      "token ", *outside, " is not in the vocabulary of ", vocabulary_size));
}

// The part of prompt and generated that the last `count` tokens cover.
struct History {
  std::span<const int32_t> prompt;
  std::span<const int32_t> generated;
};
History LastTokens(const SampleInput& input, int32_t last_n) {
  History history = {input.prompt, input.generated};
  if (last_n <= 0) return history;
  size_t count = static_cast<size_t>(last_n);
  const size_t from_generated = std::min(count, input.generated.size());
  history.generated = input.generated.last(from_generated);
  count -= from_generated;
  history.prompt = input.prompt.last(std::min(count, input.prompt.size()));
  return history;
}

// Calls visit(token, count) once per distinct token of both spans; `counts`
// is zeros before and after.
template <typename Visit>
void VisitCounts(const History& history, std::vector<uint32_t>* counts,
                 Visit visit) {
  const auto spans = {history.prompt, history.generated};
  for (const std::span<const int32_t> tokens : spans) {
    for (const int32_t token : tokens) ++(*counts)[static_cast<size_t>(token)];
  }
  for (const std::span<const int32_t> tokens : spans) {
    for (const int32_t token : tokens) {
      uint32_t& count = (*counts)[static_cast<size_t>(token)];
      if (count == 0) continue;
      visit(token, count);
      count = 0;
    }
  }
}

bool IsRepetitionPenaltyOn(const SamplingParams& params) {
  return params.repetition_penalty > 0 && params.repetition_penalty != 1;
}

bool IsCountPenaltyOn(const SamplingParams& params) {
  return params.presence_penalty != 0 || params.frequency_penalty != 0;
}

bool LooksAtHistory(const SamplingParams& params) {
  return params.no_repeat_ngram > 0 || params.dry_multiplier > 0 ||
         IsRepetitionPenaltyOn(params) || IsCountPenaltyOn(params);
}

void AddBias(const SamplingParams& params, const RowEditor& row) {
  for (const auto& [token, bias] : params.logit_bias) {
    if (std::isinf(bias)) {
      row.Set(token, kBanned);
    } else {
      row.SetFinite(token, row.logits[static_cast<size_t>(token)] + bias);
    }
  }
}

void PenaliseRepetition(const SampleInput& input, const RowEditor& row,
                        std::vector<uint32_t>* counts) {
  const float penalty = input.params->repetition_penalty;
  VisitCounts(LastTokens(input, input.params->penalty_last_n), counts,
              [&](int32_t token, uint32_t) {
                const float x = row.logits[static_cast<size_t>(token)];
                row.SetFinite(token, x > 0 ? x / penalty : x * penalty);
              });
}

void PenaliseCounts(const SampleInput& input, const RowEditor& row,
                    std::vector<uint32_t>* counts) {
  const SamplingParams& params = *input.params;
  VisitCounts(
      {{}, input.generated}, counts, [&](int32_t token, uint32_t count) {
        const float penalty =
            params.frequency_penalty * static_cast<float>(count) +
            params.presence_penalty;
        row.SetFinite(token, row.logits[static_cast<size_t>(token)] - penalty);
      });
}

}  // namespace

Status Sampler::Adjust(std::span<float> logits, const SampleInput& input) {
  const SamplingParams& params = *input.params;
  for (const auto& [token, bias] : params.logit_bias) {
    INLAY_RETURN_IF_ERROR(CheckTokens(std::span(&token, 1), vocabulary_size_));
  }
  const bool ends_are_banned =
      input.generated.size() < static_cast<size_t>(params.min_tokens);
  if (ends_are_banned) {
    INLAY_RETURN_IF_ERROR(CheckTokens(params.end_ids, vocabulary_size_));
  }
  if (LooksAtHistory(params)) {
    INLAY_RETURN_IF_ERROR(CheckTokens(input.prompt, vocabulary_size_));
    INLAY_RETURN_IF_ERROR(CheckTokens(input.generated, vocabulary_size_));
  }
  const RowEditor row = {logits, &maxima_};
  AddBias(params, row);
  if (ends_are_banned) {
    for (const int32_t token : params.end_ids) row.Set(token, kBanned);
  }
  const bool is_dry = params.dry_multiplier > 0;
  if (params.no_repeat_ngram > 0 || is_dry) {
    const size_t window = params.no_repeat_ngram > 0 || params.dry_last_n == 0
                              ? std::numeric_limits<size_t>::max()
                              : static_cast<size_t>(params.dry_last_n);
    repeats_.Scan(input.prompt, input.generated, window);
  }
  if (params.no_repeat_ngram > 0) {
    repeats_.VisitNgramEnds(static_cast<size_t>(params.no_repeat_ngram),
                            [&](int32_t token) { row.Set(token, kBanned); });
  }
  if (IsRepetitionPenaltyOn(params)) PenaliseRepetition(input, row, &counts_);
  if (IsCountPenaltyOn(params)) PenaliseCounts(input, row, &counts_);
  if (is_dry) AdjustDry(logits, params);
  maxima_.Refresh(logits);
  return OkStatus();
}

// A token loses by the longest of the repetitions that it would continue.
void Sampler::AdjustDry(std::span<float> logits, const SamplingParams& params) {
  const RowEditor row = {logits, &maxima_};
  const double base = static_cast<double>(
      params.dry_base == 0 ? kDefaultDryBase : params.dry_base);
  const size_t allowed = RepeatScan::AllowedLength(params);
  repeats_.VisitRepetitions(
      params, vocabulary_size_, [&](int32_t token, size_t length) {
        uint32_t& longest = counts_[static_cast<size_t>(token)];
        longest = std::max(longest, static_cast<uint32_t>(length));
      });
  repeats_.VisitRepetitions(
      params, vocabulary_size_, [&](int32_t token, size_t) {
        uint32_t& longest = counts_[static_cast<size_t>(token)];
        if (longest == 0) return;
        const double penalty =
            static_cast<double>(params.dry_multiplier) *
            std::pow(base, static_cast<double>(longest - allowed));
        longest = 0;
        const float x = logits[static_cast<size_t>(token)];
        row.SetFinite(token, static_cast<float>(
                                 std::max(static_cast<double>(x) - penalty,
                                          -static_cast<double>(kLargest))));
      });
}

}  // namespace inlay::sampling
