#if defined(__ARM_FEATURE_DOTPROD)
#include "kernels/cpu/norm_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_neon.h"

namespace inlay::kernels::cpu::neon {

void RmsNorm(const float* x, const float* weight, float epsilon, int64_t n,
             float* y) {
  RmsNormSimd<Neon>(x, weight, epsilon, n, y);
}

void LayerNorm(const float* x, const float* weight, const float* bias,
               float epsilon, int64_t n, float* y) {
  LayerNormSimd<Neon>(x, weight, bias, epsilon, n, y);
}

}  // namespace inlay::kernels::cpu::neon

#endif  // __ARM_FEATURE_DOTPROD
