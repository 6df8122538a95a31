// The row that tests/goldens/make_sampling.py calls large_row(5000).
#ifndef INLAY_TESTS_SAMPLING_LARGE_ROW_H_
#define INLAY_TESTS_SAMPLING_LARGE_ROW_H_

#include <cstdint>
#include <vector>

namespace inlay::sampling {

inline std::vector<float> LargeRow() {
  std::vector<float> row(5000);
  uint64_t seed = 4242;
  for (float& logit : row) {
    seed += 0x9E3779B97F4A7C15u;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z = z ^ (z >> 31);
    logit = static_cast<float>(z >> 40) * 0x1p-20f - 8.0f;
  }
  return row;
}

}  // namespace inlay::sampling

#endif  // INLAY_TESTS_SAMPLING_LARGE_ROW_H_
