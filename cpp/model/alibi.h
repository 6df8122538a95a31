// Slopes of attention with linear biases (Press et al., 2022).
#ifndef INLAY_MODEL_ALIBI_H_
#define INLAY_MODEL_ALIBI_H_

#include <cstdint>
#include <vector>

namespace inlay::model {

// One per head, times `scale`. With P the greatest power of two that is not
// above `heads`, the first P are 2^(-bias_max i / P), i = 1 .. P; the others
// are every second one of those for 2 P heads.
std::vector<float> AlibiSlopes(int32_t heads, float bias_max, float scale);

}  // namespace inlay::model

#endif  // INLAY_MODEL_ALIBI_H_
