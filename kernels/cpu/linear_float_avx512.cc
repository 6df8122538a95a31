// Floating formats with AVX-512: each output sums its columns in ascending
// order with fused multiply-adds, whatever the tile.
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

template <PackedFormat F>
inline __m512 LoadColumn(const uint8_t* group, int64_t k) {
  if constexpr (F == PackedFormat::kF32) {
    return _mm512_loadu_ps(group + 64 * k);
  } else {
    const __m256i half =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(group + 32 * k));
    if constexpr (F == PackedFormat::kF16) return _mm512_cvtph_ps(half);
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
  }
}

inline void Store(const LinearArgs& args, int64_t row, int64_t group,
                  int64_t out_begin, int64_t out_end, __m512 sum) {
  const int64_t first = group * kGroup;
  const int64_t skip = out_begin > first ? out_begin - first : 0;
  const int64_t end = out_end - first < kGroup ? out_end - first : kGroup;
  const __mmask16 mask = static_cast<__mmask16>((1u << end) - (1u << skip));
  // Masked-off lanes are not touched.
  float* const y = args.y + row * args.y_stride + first;
  if (args.bias != nullptr) {
    sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask, args.bias + first));
  }
  if (args.accumulate) {
    sum = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, y), sum);
  }
  _mm512_mask_storeu_ps(y, mask, sum);
}

template <PackedFormat F, int R, int G>
void RunTile(const LinearArgs& args, int64_t row, int64_t group,
             int64_t out_begin, int64_t out_end) {
  const size_t group_bytes = GroupBytes(F, args.columns);
  const uint8_t* weights[G];
  const float* x[R];
  __m512 sum[R][G];
  for (int g = 0; g < G; ++g) {
    weights[g] = args.weight + static_cast<size_t>(group + g) * group_bytes;
  }
  for (int r = 0; r < R; ++r) {
    x[r] = reinterpret_cast<const float*>(args.x + (row + r) * args.x_stride);
    for (int g = 0; g < G; ++g) sum[r][g] = _mm512_setzero_ps();
  }
  for (int64_t k = 0; k < args.columns; ++k) {
    __m512 w[G];
    for (int g = 0; g < G; ++g) w[g] = LoadColumn<F>(weights[g], k);
    for (int r = 0; r < R; ++r) {
      const __m512 value = _mm512_set1_ps(x[r][k]);
      for (int g = 0; g < G; ++g) {
        sum[r][g] = _mm512_fmadd_ps(w[g], value, sum[r][g]);
      }
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int g = 0; g < G; ++g) {
      Store(args, row + r, group + g, out_begin, out_end, sum[r][g]);
    }
  }
}

template <PackedFormat F, int G>
void RunGroups(const LinearArgs& args, int64_t group, int64_t out_begin,
               int64_t out_end) {
  int64_t row = 0;
  for (; row + 6 <= args.x_rows; row += 6) {
    RunTile<F, 6, G>(args, row, group, out_begin, out_end);
  }
  for (; row + 2 <= args.x_rows; row += 2) {
    RunTile<F, 2, G>(args, row, group, out_begin, out_end);
  }
  for (; row < args.x_rows; ++row) {
    RunTile<F, 1, G>(args, row, group, out_begin, out_end);
  }
}

template <PackedFormat F>
void Run(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  int64_t group = out_begin / kGroup;
  const int64_t end = (out_end + kGroup - 1) / kGroup;
  for (; group + 4 <= end; group += 4) {
    RunGroups<F, 4>(args, group, out_begin, out_end);
  }
  for (; group < end; ++group) {
    RunGroups<F, 1>(args, group, out_begin, out_end);
  }
}

}  // namespace

void LinearFloatAvx512(const LinearArgs& args, int64_t out_begin,
                       int64_t out_end) {
  switch (args.format) {
    case PackedFormat::kF16:
      return Run<PackedFormat::kF16>(args, out_begin, out_end);
    case PackedFormat::kBF16:
      return Run<PackedFormat::kBF16>(args, out_begin, out_end);
    default:
      return Run<PackedFormat::kF32>(args, out_begin, out_end);
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
