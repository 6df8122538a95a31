// Floating formats with AVX2 and FMA: each output sums its columns in
// ascending order, whatever the tile.
#if defined(__AVX2__)
#include <immintrin.h>
#include <stdint.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Eight outputs of column k; `group` points at the first of them.
template <PackedFormat F>
inline __m256 LoadColumn(const uint8_t* group, int64_t k) {
  if constexpr (F == PackedFormat::kF32) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(group + 64 * k));
  } else {
    const __m128i half =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(group + 32 * k));
    if constexpr (F == PackedFormat::kF16) return _mm256_cvtph_ps(half);
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
  }
}

// Rows [row, row + R) and both halves of a group.
template <PackedFormat F, int R>
void RunTile(const LinearArgs& args, int64_t row, int64_t group,
             int64_t out_begin, int64_t out_end) {
  const uint8_t* const weights =
      args.weight + static_cast<size_t>(group) * GroupBytes(F, args.columns);
  constexpr int kHalfBytes = F == PackedFormat::kF32 ? 32 : 16;
  const float* x[R];
  __m256 sum[R][2];
  for (int r = 0; r < R; ++r) {
    x[r] = reinterpret_cast<const float*>(args.x + (row + r) * args.x_stride);
    sum[r][0] = sum[r][1] = _mm256_setzero_ps();
  }
  for (int64_t k = 0; k < args.columns; ++k) {
    const __m256 low = LoadColumn<F>(weights, k);
    const __m256 high = LoadColumn<F>(weights + kHalfBytes, k);
    for (int r = 0; r < R; ++r) {
      const __m256 value = _mm256_set1_ps(x[r][k]);
      sum[r][0] = _mm256_fmadd_ps(low, value, sum[r][0]);
      sum[r][1] = _mm256_fmadd_ps(high, value, sum[r][1]);
    }
  }
  for (int r = 0; r < R; ++r) {
    float lanes[kGroup];
    _mm256_storeu_ps(lanes, sum[r][0]);
    _mm256_storeu_ps(lanes + 8, sum[r][1]);
    for (int64_t lane = 0; lane < kGroup; ++lane) {
      const int64_t out = group * kGroup + lane;
      if (out < out_begin || out >= out_end) continue;
      StoreOutput(args, row + r, out, lanes[lane]);
    }
  }
}

template <PackedFormat F>
void Run(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  for (int64_t group = out_begin / kGroup; group * kGroup < out_end; ++group) {
    int64_t row = 0;
    for (; row + 4 <= args.x_rows; row += 4) {
      RunTile<F, 4>(args, row, group, out_begin, out_end);
    }
    for (; row < args.x_rows; ++row) {
      RunTile<F, 1>(args, row, group, out_begin, out_end);
    }
  }
}

}  // namespace

void LinearFloatAvx2(const LinearArgs& args, int64_t out_begin,
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

float DotAvx2(const float* a, const float* b, int64_t n) {
  __m256 sum[4];
  for (int i = 0; i < 4; ++i) sum[i] = _mm256_setzero_ps();
  int64_t k = 0;
  for (; k + 32 <= n; k += 32) {
    for (int i = 0; i < 4; ++i) {
      sum[i] = _mm256_fmadd_ps(_mm256_loadu_ps(a + k + 8 * i),
                               _mm256_loadu_ps(b + k + 8 * i), sum[i]);
    }
  }
  float lanes[8];
  _mm256_storeu_ps(lanes, _mm256_add_ps(_mm256_add_ps(sum[0], sum[1]),
                                        _mm256_add_ps(sum[2], sum[3])));
  for (; k < n; ++k) lanes[k % 8] = __builtin_fmaf(a[k], b[k], lanes[k % 8]);
  const float even = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]);
  const float odd = (lanes[1] + lanes[5]) + (lanes[3] + lanes[7]);
  return even + odd;
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX2__
