// What a request asks of the sampler. Zero always means "off" or the default.
#ifndef INLAY_SAMPLING_PARAMS_H_
#define INLAY_SAMPLING_PARAMS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::sampling {

// Applied in this order: logit bias, penalties, then greedy if temperature is
// 0; else temperature, top-k, typical, top-p, min-p, draw.
struct SamplingParams {
  float temperature = 0.0f;  // 0: greedy; finite, 0..100
  int32_t top_k = 0;         // 0: off
  float top_p = 0.0f;        // 0 or 1: off; else in (0, 1)
  float min_p = 0.0f;        // 0: off; in [0, 1]
  float typical_p = 0.0f;    // 0 or 1: off (Meister et al., 2022)
  float repetition_penalty =
      0.0f;                        // 0 or 1: off; to 1000 (Keskar et al., 2019)
  float presence_penalty = 0.0f;   // -2..2, generated tokens
  float frequency_penalty = 0.0f;  // -2..2, generated tokens
  int32_t penalty_last_n = 0;      // repetition looks this far back; 0: all
  uint64_t seed = 0;
  int32_t logprobs = -1;  // -1: none; k >= 0: chosen and k likeliest
  // Added to the logit; -inf bans. Entries of the same id add up.
  std::vector<std::pair<int32_t, float>> logit_bias;
};

// kInvalidArgument (NaN, infinite, outside the range above) or kOutOfRange (a
// token id or a count beyond the vocabulary), naming the field.
Status Validate(const SamplingParams& params, int32_t vocabulary_size);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_PARAMS_H_
