#if defined(__AVX2__)
#include "kernels/cpu/attention_load.h"
#include "kernels/cpu/attention_simd.h"
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/simd_avx2.h"

namespace inlay::kernels::cpu {
namespace {

struct CacheAvx2 : Avx2 {
  using Avx2::Load;

  static F Load(const Half* p) {
    return _mm256_cvtph_ps(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static F Load(const Bfloat16* p) {
    const __m256i wide = _mm256_cvtepu16_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
  }
  static F Load(const Int8* p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(
        _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
  }
  static F Load(const Fp8* p) {
    const __m128i wide =
        _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
    const __m128i half = _mm_and_si128(
        _mm_slli_epi16(wide, 7), _mm_set1_epi16(static_cast<short>(0xbfff)));
    // All digits set is NaN: only then does one more reach the exponent's top.
    const __m128i nan = _mm_and_si128(
        _mm_add_epi16(half, _mm_set1_epi16(0x0080)), _mm_set1_epi16(0x4000));
    return _mm256_cvtph_ps(_mm_or_si128(half, nan));
  }
  template <typename T>
  static F Load(const T* p, int64_t n) {
    T lanes[kWidth] = {};
    for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
    return Load(lanes);
  }
};

}  // namespace

namespace avx2 {

void Attention(const AttentionArgs& args) { AttentionSimd<CacheAvx2>(args); }

void AttentionSegments(const AttentionArgs& args,
                       const AttentionStates& states) {
  AttentionSegmentsSimd<CacheAvx2>(args, states);
}

void AttentionMerge(const AttentionArgs& args, const AttentionStates& states) {
  AttentionMergeSimd<CacheAvx2>(args, states);
}

}  // namespace avx2
}  // namespace inlay::kernels::cpu

#endif  // __AVX2__
