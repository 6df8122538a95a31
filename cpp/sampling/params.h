// What a request asks of the sampler. Zero always means "off" or the default.
#ifndef INLAY_SAMPLING_PARAMS_H_
#define INLAY_SAMPLING_PARAMS_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::sampling {

// Host code that edits the raw logits of a row: -infinity bans a token, NaN
// and +infinity fail the row, as does a status that is not OK. One row of an
// engine at a time, on the thread that runs the step, in the default
// floating-point mode.
struct LogitsHook {
  Status (*call)(void* user, std::span<const int32_t> prompt,
                 std::span<const int32_t> generated,
                 std::span<float> logits) = nullptr;
  void* user = nullptr;

  bool operator==(const LogitsHook&) const = default;
};

// Stand for a field that is 0 while the method it belongs to is on.
inline constexpr float kDefaultMirostatTau = 5.0f;
inline constexpr float kDefaultMirostatEta = 0.1f;
inline constexpr float kDefaultXtcThreshold = 0.1f;
inline constexpr float kDefaultDryBase = 1.75f;
inline constexpr int32_t kDefaultDryAllowedLength = 2;

// Bounds on dry_breakers, which every row of the request reads.
inline constexpr int32_t kMaxDryBreakers = 65536;
inline constexpr int32_t kMaxDryBreakerTokens = 4096;  // in those of several

// The order of application, in which the fields stand:
//   1. the raw logits: hook, logit_bias, min_tokens, no_repeat_ngram,
//      repetition_penalty, presence_penalty and frequency_penalty, dry
//   2. temperature; 0 takes the largest logit and ends here
//   3. cuts, each of what the one before left, as if renormalised: top_k,
//      typical_p, top_p, min_p, xtc; or mirostat alone
//   4. the draw
// Log-probabilities are of the raw logits, before all of this.
struct SamplingParams {
  LogitsHook hook;  // null: off
  // Added to the logit; -inf bans. Entries of the same id add up.
  std::vector<std::pair<int32_t, float>> logit_bias;
  // Bans `end_ids` while fewer tokens than this were generated.
  int32_t min_tokens = 0;
  std::vector<int32_t> end_ids;
  // Bans what would repeat an n-gram of prompt and generated tokens (Paulus
  // et al., 2017); 0: off. 1 bans every token seen.
  int32_t no_repeat_ngram = 0;
  float repetition_penalty =
      0.0f;                        // 0 or 1: off; to 1000 (Keskar et al., 2019)
  int32_t penalty_last_n = 0;      // repetition looks this far back; 0: all
  float presence_penalty = 0.0f;   // -2..2, generated tokens
  float frequency_penalty = 0.0f;  // -2..2, generated tokens

  // "Don't repeat yourself" (P. E. Weidmann, 2024, text-generation-webui
  // #5677). A token that would continue a repetition of the last n tokens,
  // n >= dry_allowed_length, loses multiplier * base^(n - allowed_length).
  float dry_multiplier = 0.0f;     // 0: off; to 100
  float dry_base = 0.0f;           // 0: 1.75; else 1..100
  int32_t dry_allowed_length = 0;  // 0: 2
  int32_t dry_last_n = 0;          // looks this far back; 0: all
  // A repetition counts only after the last of these; a token that is one by
  // itself is never penalised.
  std::vector<std::vector<int32_t>> dry_breakers;

  float temperature = 0.0f;  // 0: greedy; finite, 0..100
  int32_t top_k = 0;         // 0: off
  float typical_p = 0.0f;    // 0 or 1: off (Meister et al., 2022)
  float top_p = 0.0f;        // 0 or 1: off (Holtzman et al., 2020)
  float min_p = 0.0f;        // 0: off; in [0, 1] (Nguyen et al., 2024)
  // "Exclude top choices" (P. E. Weidmann, 2024, text-generation-webui #6335):
  // with this probability, removes all tokens at least as likely as the
  // threshold but the least likely of them.
  float xtc_probability = 0.0f;  // 0: off; to 1
  float xtc_threshold = 0.0f;    // 0: 0.1; to 1; above 0.5 nothing is removed
  // Holds the surprise of the text near mirostat_tau bits a token (Basu et
  // al., 2021). Excludes the cuts above.
  int32_t mirostat = 0;       // 0: off; 1 or 2: the paper's algorithm
  float mirostat_tau = 0.0f;  // 0: 5; to 100
  float mirostat_eta = 0.0f;  // 0: 0.1; to 1

  uint64_t seed = 0;
  int32_t logprobs = -1;  // -1: none; k >= 0: chosen and k likeliest

  bool operator==(const SamplingParams&) const = default;
};

// kInvalidArgument (NaN, infinite, outside the range above, fields that
// exclude one another) or kOutOfRange (a token id or a count beyond the
// vocabulary), naming the field.
Status Validate(const SamplingParams& params, int32_t vocabulary_size);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_PARAMS_H_
