// Activations to int8 in blocks of 32, AVX-512. Same operations as the
// reference, so the bytes are the same.
#if defined(__AVX512F__)
#include <immintrin.h>
#include <stdint.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

// GCC 12 takes the undefined pass-through operands of its own intrinsics for
// uninitialised variables (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace inlay::kernels::cpu::internal {
namespace {

constexpr int kNotFinite = 0x99;  // quiet NaN, +inf, -inf, signalling NaN

// Stores 16 bytes and returns the sum of the 16 integers.
inline __m512i Quantize(__m512 x, __m512 c, __m512 inverse, int8_t* a) {
  const __m512i q =
      _mm512_cvt_roundps_epi32(_mm512_mul_ps(_mm512_sub_ps(x, c), inverse),
                               _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(a), _mm512_cvtepi32_epi8(q));
  return q;
}

inline BlockInfo PrepareBlock(const float* x, int8_t* a) {
  const __m512 x0 = _mm512_loadu_ps(x);
  const __m512 x1 = _mm512_loadu_ps(x + 16);
  const __mmask16 bad = _mm512_fpclass_ps_mask(x0, kNotFinite) |
                        _mm512_fpclass_ps_mask(x1, kNotFinite);
  const float low = _mm512_reduce_min_ps(_mm512_min_ps(x0, x1));
  const float high = _mm512_reduce_max_ps(_mm512_max_ps(x0, x1));
  const float magnitude = high > -low ? high : -low;
  const float half = 0.5f * high - 0.5f * low;
  const bool centred = half < kCentreBelow * magnitude;
  const float c = centred ? 0.5f * high + 0.5f * low : 0.0f;
  const float above = high - c;
  const float below = c - low;
  const float reach = above > below ? above : below;
  if (__builtin_expect(bad != 0 || !(reach >= kTiny), 0)) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(a), _mm256_setzero_si256());
    if (bad != 0) return {__builtin_nanf(""), 0, 0, __builtin_nanf("")};
    return {0, c, 0, 32.0f * c};
  }
  const float s = reach / 127.0f;
  const __m512 inverse = _mm512_set1_ps(127.0f / reach);
  const __m512 centre = _mm512_set1_ps(c);
  const __m512i q0 = Quantize(x0, centre, inverse, a);
  const __m512i q1 = Quantize(x1, centre, inverse, a + 16);
  const int32_t sum = _mm512_reduce_add_epi32(_mm512_add_epi32(q0, q1));
  return {s, c, -8 * sum, s * static_cast<float>(sum) + 32.0f * c};
}

}  // namespace

void PrepareInt8Avx512(const float* x, int64_t columns, uint8_t* dst) {
  const Int8Row row = ViewInt8Row(dst, columns);
  int8_t* const a = const_cast<int8_t*>(row.a);
  BlockInfo* const info = const_cast<BlockInfo*>(row.info);
  for (int64_t b = 0; b < BlockCount(columns); ++b) {
    info[b] = PrepareBlock(x + b * kBlock, a + b * kBlock);
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX512F__
