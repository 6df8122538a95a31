#include "kernels/cpu/ops_isa.h"

namespace inlay::kernels::cpu::reference {

void Rope(float* x, int32_t heads, int32_t head_dim, int32_t dims,
          bool interleaved, const float* cos, const float* sin) {
  const int32_t half = dims / 2;
  for (int32_t h = 0; h < heads; ++h, x += head_dim) {
    for (int32_t i = 0; i < half; ++i) {
      const int32_t first = interleaved ? 2 * i : i;
      const int32_t second = interleaved ? 2 * i + 1 : i + half;
      const float a = x[first];
      const float b = x[second];
      x[first] = a * cos[i] - b * sin[i];
      x[second] = a * sin[i] + b * cos[i];
    }
  }
}

}  // namespace inlay::kernels::cpu::reference
