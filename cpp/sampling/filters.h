// Cuts of the set of tokens that may be drawn. Each works on the distribution
// that the one before left, as if it had been renormalised. Private to
// cpp/sampling.
#ifndef INLAY_SAMPLING_FILTERS_H_
#define INLAY_SAMPLING_FILTERS_H_

#include <cstdint>

#include "cpp/sampling/candidate.h"

namespace inlay::sampling {

// Locally typical sampling (Meister et al., 2022): the smallest set of tokens
// whose information content is nearest to the entropy, with mass >= p.
void KeepTypical(float p, CandidateSet* set);

// Nucleus sampling (Holtzman et al., 2020): the smallest set of likeliest
// tokens with mass >= p.
void KeepTopP(float p, CandidateSet* set);

// Min-p sampling (Nguyen et al., 2024): tokens at least min_p times as likely
// as the likeliest.
void KeepMinP(float min_p, CandidateSet* set);

// XTC (P. E. Weidmann, 2024): of the tokens with a probability >= threshold,
// only the least likely (of equals the largest id) stays.
void KeepXtc(float threshold, CandidateSet* set);

// The token at `uniform` (in [0, 1)) of the cumulative distribution; the set
// is not empty.
const Candidate& DrawFrom(const CandidateSet& set, double uniform);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_FILTERS_H_
