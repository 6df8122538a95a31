// Vectors of 8 floats for the files built with AVX2, FMA and F16C. Everything
// here has internal linkage (see ops_isa.h).
#ifndef INLAY_KERNELS_CPU_SIMD_AVX2_H_
#define INLAY_KERNELS_CPU_SIMD_AVX2_H_

#include <immintrin.h>
#include <stdint.h>

namespace inlay::kernels::cpu {
namespace {

struct Avx2 {
  using F = __m256;
  static constexpr int kWidth = 8;
  static constexpr int kTileVectors = 2;

  static __m256i First(int64_t n) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes);
  }
  static F Set(float x) { return _mm256_set1_ps(x); }
  static F Load(const float* p) { return _mm256_loadu_ps(p); }
  // The first n < kWidth lanes; the others are 0.
  static F Load(const float* p, int64_t n) {
    return _mm256_maskload_ps(p, First(n));
  }
  static F Load(const uint16_t* p) {
    return _mm256_cvtph_ps(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static F Load(const uint16_t* p, int64_t n) {
    uint16_t lanes[kWidth] = {};
    for (int64_t i = 0; i < n; ++i) lanes[i] = p[i];
    return Load(lanes);
  }
  static void Store(float* p, F x) { _mm256_storeu_ps(p, x); }
  static void Store(float* p, F x, int64_t n) {
    _mm256_maskstore_ps(p, First(n), x);
  }
  static void StoreHalf(uint16_t* p, F x, int64_t n) {
    uint16_t lanes[kWidth];
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(lanes),
        _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    for (int64_t i = 0; i < n; ++i) p[i] = lanes[i];
  }
  static F Keep(F x, int64_t n) {
    return _mm256_and_ps(x, _mm256_castsi256_ps(First(n)));
  }
  static F Add(F a, F b) { return _mm256_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm256_div_ps(a, b); }
  // b if either is NaN.
  static F Max(F a, F b) { return _mm256_max_ps(a, b); }
  static F Min(F a, F b) { return _mm256_min_ps(a, b); }
  static F Fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F NegFma(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
  static F Round(F x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // x * 2^n for a whole n in [-252, 254]; in two steps, because the result may
  // be subnormal while 2^n is no number.
  static F Scale(F x, F n) {
    const __m256i whole = _mm256_cvtps_epi32(n);
    const __m256i half = _mm256_srai_epi32(whole, 1);
    const F once = _mm256_mul_ps(x, PowerOfTwo(half));
    return _mm256_mul_ps(once, PowerOfTwo(_mm256_sub_epi32(whole, half)));
  }
  static float Sum(F x) {
    __m128 v =
        _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    v = _mm_add_ss(v, _mm_shuffle_ps(v, v, 1));
    return _mm_cvtss_f32(v);
  }
  static float MaxOf(F x) {
    __m128 v =
        _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    v = _mm_max_ps(v, _mm_movehl_ps(v, v));
    v = _mm_max_ss(v, _mm_shuffle_ps(v, v, 1));
    return _mm_cvtss_f32(v);
  }

 private:
  static F PowerOfTwo(__m256i n) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
  }
};

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_SIMD_AVX2_H_
