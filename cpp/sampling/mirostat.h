// Mirostat (Basu et al., 2021, "Mirostat: a neural text decoding algorithm
// that directly controls perplexity"). Private to cpp/sampling.
//
// Surprise is -log2 of a token's probability at the temperature, before any
// cut, as the paper has it; some programs take it after the cut.
#ifndef INLAY_SAMPLING_MIROSTAT_H_
#define INLAY_SAMPLING_MIROSTAT_H_

#include <cstdint>
#include <span>

#include "cpp/sampling/candidate.h"
#include "cpp/sampling/sampler.h"

namespace inlay::sampling {

// Tokens that the first algorithm estimates Zipf's exponent from (m = 100 in
// the paper).
inline constexpr size_t kZipfTokens = 100;

// The surprise that cuts the next row, in bits: mu.
double MirostatMu(const SamplingParams& params, const SamplerState& state);

// The first algorithm: how many of the likeliest tokens remain, given the
// likeliest in order with `scaled` filled in; at least 1. The paper's k is
// real; the nearest integer is taken.
size_t MirostatCount(std::span<const Candidate> likeliest, double mu,
                     int32_t vocabulary_size);

// The second: the least weight that remains, of a distribution whose weights
// have this sum.
float MirostatLeastWeight(double total, double mu);

// The state after a token of this weight was drawn.
SamplerState MirostatUpdate(const SamplingParams& params, double mu,
                            double scaled, double total);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_MIROSTAT_H_
