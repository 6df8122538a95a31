// Activations to int8 in blocks of 32, AVX2. Same operations as the
// reference, so the bytes are the same.
#if defined(__AVX2__)
#include <immintrin.h>
#include <stdint.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

inline float ReduceMax(__m256 v) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  m = _mm_max_ss(m, _mm_shuffle_ps(m, m, 1));
  return _mm_cvtss_f32(m);
}

inline float ReduceMin(__m256 v) {
  __m128 m = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_min_ps(m, _mm_movehl_ps(m, m));
  m = _mm_min_ss(m, _mm_shuffle_ps(m, m, 1));
  return _mm_cvtss_f32(m);
}

// x - x is zero for finite values only.
inline bool AllFinite(const __m256* v) {
  __m256 finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
  for (int i = 0; i < 4; ++i) {
    finite =
        _mm256_and_ps(finite, _mm256_cmp_ps(_mm256_sub_ps(v[i], v[i]),
                                            _mm256_setzero_ps(), _CMP_EQ_OQ));
  }
  return _mm256_movemask_ps(finite) == 255;
}

inline int32_t Quantize(const __m256* v, float c, float inverse, int8_t* a) {
  __m256i q[4];
  for (int i = 0; i < 4; ++i) {
    const __m256 scaled = _mm256_mul_ps(_mm256_sub_ps(v[i], _mm256_set1_ps(c)),
                                        _mm256_set1_ps(inverse));
    q[i] = _mm256_cvtps_epi32(
        _mm256_round_ps(scaled, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  // Packs work within 128-bit lanes; the permutation restores the order.
  const __m256i bytes = _mm256_permutevar8x32_epi32(
      _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]),
                         _mm256_packs_epi32(q[2], q[3])),
      _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(a), bytes);
  const __m256i sum = _mm256_add_epi32(_mm256_add_epi32(q[0], q[1]),
                                       _mm256_add_epi32(q[2], q[3]));
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(sum),
                            _mm256_extracti128_si256(sum, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  return _mm_cvtsi128_si32(s);
}

inline BlockInfo PrepareBlock(const float* x, int8_t* a) {
  __m256 v[4];
  for (int i = 0; i < 4; ++i) v[i] = _mm256_loadu_ps(x + 8 * i);
  const bool finite = AllFinite(v);
  const float low = ReduceMin(
      _mm256_min_ps(_mm256_min_ps(v[0], v[1]), _mm256_min_ps(v[2], v[3])));
  const float high = ReduceMax(
      _mm256_max_ps(_mm256_max_ps(v[0], v[1]), _mm256_max_ps(v[2], v[3])));
  const float magnitude = high > -low ? high : -low;
  const float half = 0.5f * high - 0.5f * low;
  const bool centred = half < kCentreBelow * magnitude;
  const float c = centred ? 0.5f * high + 0.5f * low : 0.0f;
  const float above = high - c;
  const float below = c - low;
  const float reach = above > below ? above : below;
  if (__builtin_expect(!finite || !(reach >= kTiny), 0)) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(a), _mm256_setzero_si256());
    if (!finite) return {__builtin_nanf(""), 0, 0, __builtin_nanf("")};
    return {0, c, 0, 32.0f * c};
  }
  const float s = reach / 127.0f;
  const int32_t sum = Quantize(v, c, 127.0f / reach, a);
  return {s, c, -8 * sum, s * static_cast<float>(sum) + 32.0f * c};
}

}  // namespace

void PrepareInt8Avx2(const float* x, int64_t columns, uint8_t* dst) {
  const Int8Row row = ViewInt8Row(dst, columns);
  int8_t* const a = const_cast<int8_t*>(row.a);
  BlockInfo* const info = const_cast<BlockInfo*>(row.info);
  for (int64_t b = 0; b < BlockCount(columns); ++b) {
    info[b] = PrepareBlock(x + b * kBlock, a + b * kBlock);
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX2__
