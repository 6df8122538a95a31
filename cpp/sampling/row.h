// Passes over one row of logits. Private to cpp/sampling.
#ifndef INLAY_SAMPLING_ROW_H_
#define INLAY_SAMPLING_ROW_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace inlay::sampling {

// out[i] = e^((row[i] - largest) / temperature); `out` does not overlap `row`.
void ExpRow(std::span<const float> row, float largest, float temperature,
            float* out);

// log(sum(e^x)), summed in fixed-size blocks, given the largest element.
double LogSumExp(std::span<const float> row, float largest);

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_ROW_H_
