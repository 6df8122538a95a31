#if defined(__AVX512F__)
#include "kernels/cpu/elementwise_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_avx512.h"

namespace inlay::kernels::cpu::avx512 {

void Activate(Act act, const float* x, int64_t n, float* y) {
  ActivateSimd<Avx512>(act, x, n, y);
}

void Xielu(const XieluShape& shape, const float* x, int64_t n, float* y) {
  XieluSimd<Avx512>(shape, x, n, y);
}

void SoftCap(float cap, float* x, int64_t n) { SoftCapSimd<Avx512>(cap, x, n); }

void GatedActivate(Act act, const float* gate, const float* up, int64_t n,
                   float* y) {
  GatedActivateSimd<Avx512>(act, gate, up, n, y);
}

}  // namespace inlay::kernels::cpu::avx512

#endif  // __AVX512F__
