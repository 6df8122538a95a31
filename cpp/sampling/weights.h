// A whole row as a distribution, for draws that no cut by count precedes.
// Private to cpp/sampling.
#ifndef INLAY_SAMPLING_WEIGHTS_H_
#define INLAY_SAMPLING_WEIGHTS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "cpp/sampling/block_maxima.h"
#include "cpp/sampling/candidate.h"

namespace inlay::sampling {

class RowWeights {
 public:
  // weight = e^((logit - largest) / temperature), of every token.
  void Weigh(std::span<const float> logits, const BlockMaxima& maxima,
             float temperature);
  double total() const { return total_; }

  // The tokens of weight >= `least` and > 0, by id.
  void Collect(std::span<const float> logits, const BlockMaxima& maxima,
               float temperature, float least,
               std::vector<Candidate>* out) const;

  // The token at `uniform` (in [0, 1)) of the cumulative distribution by id.
  int32_t Draw(double uniform) const;

 private:
  std::vector<float> weights_;
  // Of each block.
  std::vector<double> sums_;
  std::vector<float> largest_;
  double total_ = 0;
};

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_WEIGHTS_H_
