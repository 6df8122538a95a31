// Vectors of 16 floats for the files built with AVX-512. Everything here has
// internal linkage (see ops_isa.h).
#ifndef INLAY_KERNELS_CPU_SIMD_AVX512_H_
#define INLAY_KERNELS_CPU_SIMD_AVX512_H_

#include <immintrin.h>
#include <stdint.h>

// GCC 12 takes the undefined pass-through operands of its own intrinsics for
// uninitialised variables (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace inlay::kernels::cpu {
namespace {

struct Avx512 {
  using F = __m512;
  static constexpr int kWidth = 16;
  // Registers of an outer-product tile: kTileRows x kTileVectors.
  static constexpr int kTileVectors = 4;

  static __mmask16 First(int64_t n) {
    return static_cast<__mmask16>((1u << n) - 1u);
  }
  static F Set(float x) { return _mm512_set1_ps(x); }
  static F Load(const float* p) { return _mm512_loadu_ps(p); }
  // The first n < kWidth lanes; the others are 0.
  static F Load(const float* p, int64_t n) {
    return _mm512_maskz_loadu_ps(First(n), p);
  }
  static F Load(const uint16_t* p) {
    return _mm512_cvtph_ps(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  static F Load(const uint16_t* p, int64_t n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(First(n), p));
  }
  static void Store(float* p, F x) { _mm512_storeu_ps(p, x); }
  static void Store(float* p, F x, int64_t n) {
    _mm512_mask_storeu_ps(p, First(n), x);
  }
  static void StoreHalf(uint16_t* p, F x, int64_t n) {
    const __m256i half =
        _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm256_mask_storeu_epi16(p, n < kWidth ? First(n) : __mmask16(0xffff),
                             half);
  }
  static F Keep(F x, int64_t n) { return _mm512_maskz_mov_ps(First(n), x); }
  static F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F Mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F Div(F a, F b) { return _mm512_div_ps(a, b); }
  // b if either is NaN.
  static F Max(F a, F b) { return _mm512_max_ps(a, b); }
  static F Min(F a, F b) { return _mm512_min_ps(a, b); }
  static F Fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F NegFma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
  static F Round(F x) {
    return _mm512_roundscale_ps(x,
                                _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // x * 2^n for a whole n.
  static F Scale(F x, F n) { return _mm512_scalef_ps(x, n); }
  static float Sum(F x) { return _mm512_reduce_add_ps(x); }
  static float MaxOf(F x) { return _mm512_reduce_max_ps(x); }
};

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_SIMD_AVX512_H_
