#if defined(__AVX2__)
#include "kernels/cpu/attention_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_avx2.h"

namespace inlay::kernels::cpu::avx2 {

void Attention(const AttentionArgs& args) { AttentionSimd<Avx2>(args); }

}  // namespace inlay::kernels::cpu::avx2

#endif  // __AVX2__
