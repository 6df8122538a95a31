// The reference sampler: one row of logits to one token.
#ifndef INLAY_SAMPLING_SAMPLER_H_
#define INLAY_SAMPLING_SAMPLER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "cpp/sampling/block_maxima.h"
#include "cpp/sampling/candidate.h"
#include "cpp/sampling/params.h"
#include "cpp/sampling/repeats.h"
#include "cpp/sampling/weights.h"

namespace inlay::sampling {

struct TokenLogprob {
  int32_t token;
  float logprob;  // natural logarithm, of the unmodified distribution
};

// What a request's sampling carries from token to token beside the tokens.
// A plain value: whoever commits a token keeps the state that came with it, so
// that a token computed again starts from the same state.
struct SamplerState {
  bool started = false;    // false: as before the first token
  double mirostat_mu = 0;  // bits
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
  // After the last token of `generated`; null: before the first.
  const SamplerState* state = nullptr;
};

struct SampleOutput {
  int32_t token = -1;
  float logprob = 0.0f;           // if params->logprobs >= 0, or of a target
  std::vector<TokenLogprob> top;  // params->logprobs entries, sorted
  SamplerState state;             // after this token
};

// Scratch reused between rows so that steady state allocates nothing. One
// thread at a time; results do not depend on which Sampler computes them.
class Sampler {
 public:
  explicit Sampler(int32_t vocabulary_size);
  // `logits` holds vocabulary_size floats and is overwritten. A row with NaN
  // or +inf, or with no finite logit, gives kDataLoss; one whose tokens are
  // all banned kInvalidArgument; a hook's error is passed on. `params` is
  // valid. Ties go to the smaller id.
  Status Sample(std::span<float> logits, const SampleInput& input,
                SampleOutput* output);

 private:
  Status CheckRow(std::span<const float> logits, int32_t target);
  // Sets token and state.
  Status Choose(std::span<float> logits, const SampleInput& input,
                SampleOutput* output);
  Status RunHook(std::span<float> logits, const SampleInput& input);
  // Biases, bans and penalties.
  Status Adjust(std::span<float> logits, const SampleInput& input);
  void AdjustDry(std::span<float> logits, const SamplingParams& params);
  // Draws at temperature > 0.
  void Draw(std::span<const float> logits, const SampleInput& input,
            SampleOutput* output);
  CandidateSet DrawableTokens(std::span<const float> logits,
                              const SamplingParams& params);
  void DrawByMirostat(std::span<const float> logits, const SampleInput& input,
                      SampleOutput* output);

  int32_t vocabulary_size_;
  BlockMaxima maxima_;
  std::vector<uint32_t> counts_;  // per token; zeros between calls
  std::vector<float> original_;   // a row as it was, for its log-probabilities
  RowWeights weights_;
  RepeatScan repeats_;
  std::vector<Candidate> candidates_;
};

// log-softmax of a whole row in fixed-size blocks (same result for any caller).
void LogSoftmax(std::span<const float> logits, std::span<float> out);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_SAMPLER_H_
