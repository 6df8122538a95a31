// Integer formats with AVX2.
#if defined(__AVX2__)
#include "kernels/cpu/linear_tile_256.h"

namespace inlay::kernels::cpu::internal {
namespace {

// vpmaddubsw adds two products of an unsigned and a signed byte in 16 bits and
// would saturate for large values; these are multiplied as magnitudes, with
// their sign moved to the activation, which is never -128.
struct Avx2 {
  static constexpr int kRows = 2;
  template <PackedFormat F>
  static constexpr bool kSigned = kOffsetOf<F> == 128 ||
                                  (kOffsetOf<F> != 0 &&
                                   ShapeOf(F).scale_columns == 16);

  template <PackedFormat F, int kFirst, int kCount, int R>
  static inline void Dot(const uint8_t* p, const int8_t* const (&a)[R],
                         __m256i (&dot)[R][2]) {
    // Quads whose products 16 bits can add up.
    constexpr int kAtOnce = 32767 / (2 * 127 * LargestOf<F, kSigned<F>>());
    static_assert(kAtOnce >= 1);
    constexpr int kRun = kAtOnce < kCount ? kAtOnce : kCount;
    static_assert(kCount % kRun == 0);
#pragma GCC unroll 8
    for (int i = 0; i < kCount; i += kRun) {
      __m256i words[R][2];
#pragma GCC unroll 8
      for (int n = 0; n < kRun; ++n) {
        Multiply<F>(p, a, QuadAt<kFirst, kCount>(i + n), n == 0, words);
      }
      for (int r = 0; r < R; ++r) {
        for (int h = 0; h < 2; ++h) {
          dot[r][h] = _mm256_add_epi32(
              dot[r][h], _mm256_madd_epi16(words[r][h], _mm256_set1_epi16(1)));
        }
      }
    }
  }

  template <PackedFormat F, int R>
  static inline void Multiply(const uint8_t* p, const int8_t* const (&a)[R],
                              int j, bool first, __m256i (&words)[R][2]) {
    for (int h = 0; h < 2; ++h) {
      const __m256i w = Values<F, kSigned<F>>(p + 32 * h, j);
      const __m256i magnitude = kSigned<F> ? _mm256_abs_epi8(w) : w;
      for (int r = 0; r < R; ++r) {
        __m256i x = Broadcast4(a[r] + 4 * j);
        if constexpr (kSigned<F>) x = _mm256_sign_epi8(x, w);
        const __m256i product = _mm256_maddubs_epi16(magnitude, x);
        words[r][h] = first ? product : _mm256_add_epi16(words[r][h], product);
      }
    }
  }
};

}  // namespace

void LinearInt8Avx2(const LinearArgs& args, int64_t out_begin,
                    int64_t out_end) {
  RunIntegers<Avx2>(args, out_begin, out_end);
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX2__
