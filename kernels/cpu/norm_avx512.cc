#if defined(__AVX512F__)
#include "kernels/cpu/norm_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_avx512.h"

namespace inlay::kernels::cpu::avx512 {

void RmsNorm(const float* x, const float* weight, float epsilon, int64_t n,
             float* y) {
  RmsNormSimd<Avx512>(x, weight, epsilon, n, y);
}

void LayerNorm(const float* x, const float* weight, const float* bias,
               float epsilon, int64_t n, float* y) {
  LayerNormSimd<Avx512>(x, weight, bias, epsilon, n, y);
}

}  // namespace inlay::kernels::cpu::avx512

#endif  // __AVX512F__
