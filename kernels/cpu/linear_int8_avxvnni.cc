// Integer formats with AVX-VNNI. Built for AVX-512 instead, where a test runs
// it on a processor without AVX-VNNI, the same instruction has another
// encoding.
#if defined(__AVXVNNI__) || (defined(__AVX512VNNI__) && defined(__AVX512VL__))
#include "kernels/cpu/linear_tile_256.h"

namespace inlay::kernels::cpu::internal {
namespace {

inline __m256i DotBytes(__m256i sum, __m256i w, __m256i x) {
#if defined(__AVXVNNI__)
  return _mm256_dpbusd_avx_epi32(sum, w, x);
#else
  return _mm256_dpbusd_epi32(sum, w, x);
#endif
}

// vpdpbusd multiplies unsigned with signed bytes. For scales by 32 the offset's
// part of the sum is known; for scales by 16 values are multiplied as
// magnitudes, with their sign moved to the activation, which is never -128.
struct AvxVnni {
  static constexpr int kRows = 3;
  template <PackedFormat F>
  static constexpr bool kSigned = kOffsetOf<F> != 0 &&
                                  ShapeOf(F).scale_columns == 16;

  template <PackedFormat F, int kFirst, int kCount, int R>
  static inline void Dot(const uint8_t* p, const int8_t* const (&a)[R],
                         __m256i (&dot)[R][2]) {
#pragma GCC unroll 8
    for (int i = 0; i < kCount; ++i) {
      const int j = QuadAt<kFirst, kCount>(i);
      for (int h = 0; h < 2; ++h) {
        const __m256i w = Values<F, kSigned<F>>(p + 32 * h, j);
        const __m256i magnitude = kSigned<F> ? _mm256_abs_epi8(w) : w;
        for (int r = 0; r < R; ++r) {
          __m256i x = Broadcast4(a[r] + 4 * j);
          if constexpr (kSigned<F>) x = _mm256_sign_epi8(x, w);
          dot[r][h] = DotBytes(dot[r][h], magnitude, x);
        }
      }
    }
  }
};

}  // namespace

void LinearInt8AvxVnni(const LinearArgs& args, int64_t out_begin,
                       int64_t out_end) {
  RunIntegers<AvxVnni>(args, out_begin, out_end);
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVXVNNI__
