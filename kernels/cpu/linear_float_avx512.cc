// Floating formats with AVX-512: each output sums its columns in ascending
// order with fused multiply-adds, whatever the tile.
#if defined(__AVX512F__)
#include "kernels/cpu/linear_steps_avx512.h"

namespace inlay::kernels::cpu::internal {
namespace {

template <PackedFormat F>
struct ColumnStep {
  static constexpr int kBytes = F == PackedFormat::kF32 ? 64 : 32;
  using Weights = __m512;
  static int64_t Count(int64_t columns) { return columns; }
  static Weights Load(const uint8_t* p) {
    if constexpr (F == PackedFormat::kF32) {
      return _mm512_loadu_ps(p);
    } else {
      const __m256i half =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
      if constexpr (F == PackedFormat::kF16) return _mm512_cvtph_ps(half);
      return _mm512_castsi512_ps(
          _mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
    }
  }
  static __m512 Add(__m512 sum, Weights weights, __m512i x) {
    return _mm512_fmadd_ps(weights, _mm512_castsi512_ps(x), sum);
  }
};

}  // namespace

void LinearFloatAvx512(const LinearArgs& args, int64_t out_begin,
                       int64_t out_end) {
  switch (args.format) {
    case PackedFormat::kF16:
      return RunSteps<ColumnStep<PackedFormat::kF16>>(args, out_begin, out_end);
    case PackedFormat::kBF16:
      return RunSteps<ColumnStep<PackedFormat::kBF16>>(args, out_begin,
                                                       out_end);
    default:
      return RunSteps<ColumnStep<PackedFormat::kF32>>(args, out_begin, out_end);
  }
}

float DotAvx512(const float* a, const float* b, int64_t n) {
  __m512 sum[4];
  for (int i = 0; i < 4; ++i) sum[i] = _mm512_setzero_ps();
  int64_t k = 0;
  for (; k + 64 <= n; k += 64) {
    for (int i = 0; i < 4; ++i) {
      sum[i] = _mm512_fmadd_ps(_mm512_loadu_ps(a + k + 16 * i),
                               _mm512_loadu_ps(b + k + 16 * i), sum[i]);
    }
  }
  for (int i = 0; k < n; k += 16, ++i) {
    const int64_t rest = n - k < 16 ? n - k : 16;
    const __mmask16 mask = static_cast<__mmask16>((1u << rest) - 1u);
    sum[i] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a + k),
                             _mm512_maskz_loadu_ps(mask, b + k), sum[i]);
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(sum[0], sum[1]),
                                            _mm512_add_ps(sum[2], sum[3])));
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX512F__
