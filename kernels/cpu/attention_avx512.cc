#if defined(__AVX512F__)
#include "kernels/cpu/attention_load.h"
#include "kernels/cpu/attention_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_avx512.h"

namespace inlay::kernels::cpu {
namespace {

struct CacheAvx512 : Avx512 {
  using Avx512::Load;

  static F Load(const Half* p) {
    return _mm512_cvtph_ps(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static F Load(const Bfloat16* p) {
    const __m512i wide = _mm512_cvtepu16_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
  }
  static F Load(const Int8* p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
  }
  static F Load(const Fp8* p) {
    const __m256i wide = _mm256_cvtepi8_epi16(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    const __m256i half =
        _mm256_and_si256(_mm256_slli_epi16(wide, 7),
                         _mm256_set1_epi16(static_cast<short>(0xbfff)));
    // All digits set is NaN: only then does one more reach the exponent's top.
    const __m256i nan =
        _mm256_and_si256(_mm256_add_epi16(half, _mm256_set1_epi16(0x0080)),
                         _mm256_set1_epi16(0x4000));
    return _mm512_cvtph_ps(_mm256_or_si256(half, nan));
  }
  template <typename T>
  static F Load(const T* p, int64_t n) {
    T lanes[kWidth] = {};
    for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
    return Load(lanes);
  }
};

}  // namespace

namespace avx512 {

void Attention(const AttentionArgs& args) { AttentionSimd<CacheAvx512>(args); }

void AttentionSegments(const AttentionArgs& args,
                       const AttentionStates& states) {
  AttentionSegmentsSimd<CacheAvx512>(args, states);
}

void AttentionMerge(const AttentionArgs& args, const AttentionStates& states) {
  AttentionMergeSimd<CacheAvx512>(args, states);
}

}  // namespace avx512
}  // namespace inlay::kernels::cpu

#endif  // __AVX512F__
