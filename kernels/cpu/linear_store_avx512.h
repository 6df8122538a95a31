// What the products of AVX-512 and AMX do with finished sums. Private to the
// files of these instruction sets; internal linkage.
#ifndef INLAY_KERNELS_CPU_LINEAR_STORE_AVX512_H_
#define INLAY_KERNELS_CPU_LINEAR_STORE_AVX512_H_

#include <immintrin.h>
#include <stdint.h>

#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Writes the lanes of group `group` that lie in [out_begin, out_end).
[[maybe_unused]] __attribute__((always_inline)) inline void StoreLanes(
    const LinearArgs& args, int64_t row, int64_t group, int64_t out_begin,
    int64_t out_end, __m512 sum) {
  const int64_t first = group * kGroup;
  const int64_t skip = out_begin > first ? out_begin - first : 0;
  const int64_t end = out_end - first < kGroup ? out_end - first : kGroup;
  const __mmask16 mask = static_cast<__mmask16>((1u << end) - (1u << skip));
  // Masked-off lanes are not touched.
  float* const y = args.y + row * args.y_stride + first;
  if (args.bias != nullptr) {
    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, args.bias + first));
  }
  if (args.accumulate) {
    sum = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, y), sum);
  }
  _mm512_mask_storeu_ps(y, mask, sum);
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_STORE_AVX512_H_
