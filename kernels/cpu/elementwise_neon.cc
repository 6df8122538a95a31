#if defined(__ARM_FEATURE_DOTPROD)
#include "kernels/cpu/elementwise_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_neon.h"

namespace inlay::kernels::cpu::neon {

void Activate(Act act, const float* x, int64_t n, float* y) {
  ActivateSimd<Neon>(act, x, n, y);
}

void Xielu(const XieluShape& shape, const float* x, int64_t n, float* y) {
  XieluSimd<Neon>(shape, x, n, y);
}

void SoftCap(float cap, float* x, int64_t n) { SoftCapSimd<Neon>(cap, x, n); }

void GatedActivate(Act act, const float* gate, const float* up, int64_t n,
                   float* y) {
  GatedActivateSimd<Neon>(act, gate, up, n, y);
}

}  // namespace inlay::kernels::cpu::neon

#endif  // __ARM_FEATURE_DOTPROD
