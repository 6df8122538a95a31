// Tokens that may still be drawn. Private to cpp/sampling.
#ifndef INLAY_SAMPLING_CANDIDATE_H_
#define INLAY_SAMPLING_CANDIDATE_H_

#include <cstdint>
#include <vector>

namespace inlay::sampling {

struct Candidate {
  int32_t token;
  float value;   // what it is ordered by: a logit, a weight, a distance
  float scaled;  // (logit - largest logit) / temperature
  float weight;  // e^scaled: its probability but for the common divisor
};

// Larger values first, smaller ids first among equals.
inline bool Precedes(const Candidate& a, const Candidate& b) {
  return a.value > b.value || (a.value == b.value && a.token < b.token);
}

struct CandidateSet {
  std::vector<Candidate>* items;
  // Sum of the weights of the whole distribution: of the items, and of what
  // was left out because it can never be drawn.
  double total;
};

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_CANDIDATE_H_
