// BF16 weights and activations with VDPBF16PS, and the rounding of
// activations.
//
// VDPBF16PS adds the product of the second elements of a pair to the sum, then
// that of the first, each with one rounding to nearest even; subnormal numbers
// are taken, and given, as zero. MXCSR plays no part (Intel SDM, volume 2).
#if defined(__AVX512BF16__)
#include "kernels/cpu/linear_steps_avx512.h"

namespace inlay::kernels::cpu::internal {
namespace {

struct PairStep {
  static constexpr int kBytes = 64;
  using Weights = __m512i;
  static int64_t Count(int64_t columns) { return (columns + 1) / 2; }
  static Weights Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static __m512 Add(__m512 sum, Weights weights, __m512i x) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(weights),
                            reinterpret_cast<__m512bh>(x));
  }
};

}  // namespace

void LinearBf16Avx512Bf16(const LinearArgs& args, int64_t out_begin,
                          int64_t out_end) {
  RunSteps<PairStep>(args, out_begin, out_end);
}

void PrepareBf16Avx512Bf16(const float* x, int64_t columns, uint8_t* dst) {
  for (int64_t k = 0; k < columns; k += 32) {
    const int64_t rest = columns - k < 32 ? columns - k : 32;
    const __mmask32 mask = 0xffffffffu >> (32 - rest);
    const __m512 low =
        _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), x + k);
    const __m512 high =
        _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), x + k + 16);
    // Lanes beyond the columns are written as zero.
    _mm512_storeu_si512(
        dst + 2 * k, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX512BF16__
