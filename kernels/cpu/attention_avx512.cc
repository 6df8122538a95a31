#if defined(__AVX512F__)
#include "kernels/cpu/attention_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_avx512.h"

namespace inlay::kernels::cpu::avx512 {

void Attention(const AttentionArgs& args) { AttentionSimd<Avx512>(args); }

}  // namespace inlay::kernels::cpu::avx512

#endif  // __AVX512F__
