#if defined(__AVX2__)
#include "kernels/cpu/norm_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_avx2.h"

namespace inlay::kernels::cpu::avx2 {

void RmsNorm(const float* x, const float* weight, float epsilon, int64_t n,
             float* y) {
  RmsNormSimd<Avx2>(x, weight, epsilon, n, y);
}

void LayerNorm(const float* x, const float* weight, const float* bias,
               float epsilon, int64_t n, float* y) {
  LayerNormSimd<Avx2>(x, weight, bias, epsilon, n, y);
}

}  // namespace inlay::kernels::cpu::avx2

#endif  // __AVX2__
