// The reference sampler: one row of logits to one token.
#ifndef INLAY_SAMPLING_SAMPLER_H_
#define INLAY_SAMPLING_SAMPLER_H_

#include <cstdint>
#include <span>
#include <utility>
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
  // A known token: nothing is drawn, its log-probability is wanted. -1: draw.
  int32_t target = -1;
};

struct SampleOutput {
  int32_t token = -1;
  float logprob = 0.0f;           // if params->logprobs >= 0
  std::vector<TokenLogprob> top;  // params->logprobs entries, sorted
};

// One token that may still be drawn.
struct Candidate {
  int32_t token;
  float value;   // what it is ordered by: a logit, a weight, a distance
  float scaled;  // (logit - largest logit) / temperature
  float weight;  // e^scaled: its probability but for the common divisor
};

// Scratch reused between rows so that steady state allocates nothing. One
// thread at a time; results do not depend on which Sampler computes them.
class Sampler {
 public:
  explicit Sampler(int32_t vocabulary_size);
  // `logits` holds vocabulary_size floats and is overwritten. A row with NaN
  // or +inf, or with no finite logit, gives kDataLoss; one whose tokens are
  // all banned by bias kInvalidArgument. `params` is valid. Ties go to the
  // smaller id.
  Status Sample(std::span<float> logits, const SampleInput& input,
                SampleOutput* output);

 private:
  // Adds biases and penalties; true if any logit changed.
  StatusOr<bool> Adjust(std::span<float> logits, const SampleInput& input);
  // Draws at temperature > 0; `largest` is the largest logit.
  int32_t Draw(std::span<const float> logits, float largest,
               const SampleInput& input);
  float OriginalLogit(std::span<const float> logits, int32_t token) const;

  int32_t vocabulary_size_;
  std::vector<uint32_t> counts_;  // per token; zeros between calls
  std::vector<float> weights_;    // per token
  std::vector<Candidate> candidates_;
  std::vector<std::pair<int32_t, float>> originals_;  // logits before Adjust
};

// log-softmax of a whole row in fixed-size blocks (same result for any caller).
void LogSoftmax(std::span<const float> logits, std::span<float> out);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_SAMPLER_H_
