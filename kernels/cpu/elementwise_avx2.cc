#if defined(__AVX2__)
#include "kernels/cpu/elementwise_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_avx2.h"

namespace inlay::kernels::cpu::avx2 {

void Activate(Act act, const float* x, int64_t n, float* y) {
  ActivateSimd<Avx2>(act, x, n, y);
}

void Xielu(const XieluShape& shape, const float* x, int64_t n, float* y) {
  XieluSimd<Avx2>(shape, x, n, y);
}

void SoftCap(float cap, float* x, int64_t n) { SoftCapSimd<Avx2>(cap, x, n); }

void GatedActivate(Act act, const float* gate, const float* up, int64_t n,
                   float* y) {
  GatedActivateSimd<Avx2>(act, gate, up, n, y);
}

}  // namespace inlay::kernels::cpu::avx2

#endif  // __AVX2__
