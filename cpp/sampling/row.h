// Passes over one row of logits. Private to cpp/sampling.
#ifndef INLAY_SAMPLING_ROW_H_
#define INLAY_SAMPLING_ROW_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpp/sampling/sampler.h"

namespace inlay::sampling {

struct RowMaximum {
  float value;  // -inf if no logit is finite
  bool valid;   // false if there is a NaN or +inf
};
RowMaximum FindMaximum(std::span<const float> row);

// The smallest index that holds `value`, which is in the row.
int32_t FirstIndexOf(std::span<const float> row, float value);

// out[i] = e^((row[i] - largest) / temperature); `out` does not overlap `row`.
void ExpRow(std::span<const float> row, float largest, float temperature,
            float* out);

// log(sum(e^x)), summed in fixed-size blocks, given the largest element.
double LogSumExp(std::span<const float> row, float largest);

// Larger values first, smaller ids first among equals.
inline bool Precedes(const Candidate& a, const Candidate& b) {
  return a.value > b.value || (a.value == b.value && a.token < b.token);
}

// The first `count` elements of the row in that order; `value` is the logit.
void SelectLargest(std::span<const float> row, size_t count,
                   std::vector<Candidate>* out);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_ROW_H_
