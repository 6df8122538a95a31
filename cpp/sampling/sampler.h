// The reference sampler: one row of logits to one token.
#ifndef INLAY_SAMPLING_SAMPLER_H_
#define INLAY_SAMPLING_SAMPLER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "cpp/sampling/params.h"

namespace inlay::sampling {

struct TokenLogprob {
  int32_t token;
  float logprob;  // natural logarithm, of the unmodified distribution
};

// What one row needs beside its logits. Views only; nothing is owned.
struct SampleInput {
  const SamplingParams* params = nullptr;
  std::span<const int32_t> prompt;     // tokens before generation
  std::span<const int32_t> generated;  // tokens generated so far
  // Absolute position of the token being drawn; with the seed it determines
  // the draw, so that a draw never depends on the batch.
  uint64_t position = 0;
};

struct SampleOutput {
  int32_t token = -1;
  float logprob = 0.0f;                   // if params->logprobs >= 0
  std::vector<TokenLogprob> top;          // params->logprobs entries, sorted
};

// Scratch reused between rows so that steady state allocates nothing.
class Sampler {
 public:
  explicit Sampler(int32_t vocabulary_size);
  // `logits` holds vocabulary_size floats and is overwritten. A row with NaN
  // or no finite logit gives kInternal. Ties go to the smaller id.
  Status Sample(std::span<float> logits, const SampleInput& input,
                SampleOutput* output);

 private:
  int32_t vocabulary_size_;
  std::vector<uint32_t> counts_;
  std::vector<TokenLogprob> candidates_;
};

// log-softmax of a whole row in fixed-size blocks (same result for any caller).
void LogSoftmax(std::span<const float> logits, std::span<float> out);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_SAMPLER_H_
