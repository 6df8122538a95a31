// Floating formats with NEON: each output sums its columns in ascending order,
// whatever the tile.
#if defined(__ARM_FEATURE_DOTPROD)
#include <arm_neon.h>
#include <stdint.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

constexpr int kVectors = 4;  // of a group

// Four outputs of column k; `group` points at the first of them.
template <PackedFormat F>
inline float32x4_t LoadColumn(const uint8_t* group, int64_t k) {
  if constexpr (F == PackedFormat::kF32) {
    return vld1q_f32(reinterpret_cast<const float*>(group + 64 * k));
  } else {
    const uint16x4_t half =
        vld1_u16(reinterpret_cast<const uint16_t*>(group + 32 * k));
    if constexpr (F == PackedFormat::kF16) {
      return vcvt_f32_f16(vreinterpret_f16_u16(half));
    } else {
      return vreinterpretq_f32_u32(vshll_n_u16(half, 16));
    }
  }
}

// R rows and one group.
template <PackedFormat F, int R>
struct Tile {
  static constexpr int kVectorBytes = F == PackedFormat::kF32 ? 16 : 8;
  const uint8_t* weights;
  const float* x[R];
  float32x4_t sum[R][kVectors];

  template <int L>
  inline void AddLane(int64_t k, const float32x4_t* four) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const float32x4_t w = LoadColumn<F>(weights + v * kVectorBytes, k + L);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        sum[r][v] = vfmaq_laneq_f32(sum[r][v], w, four[r], L);
      }
    }
  }
  inline void AddFour(int64_t k) {
    float32x4_t four[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) four[r] = vld1q_f32(x[r] + k);
    AddLane<0>(k, four);
    AddLane<1>(k, four);
    AddLane<2>(k, four);
    AddLane<3>(k, four);
  }
  inline void AddOne(int64_t k) {
    float32x4_t one[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) one[r] = vdupq_n_f32(x[r][k]);
    AddLane<0>(k, one);
  }
};

// Rows [row, row + R).
template <PackedFormat F, int R>
void RunTile(const LinearArgs& args, int64_t row, int64_t group,
             int64_t out_begin, int64_t out_end) {
  Tile<F, R> tile;
  tile.weights =
      args.weight + static_cast<size_t>(group) * GroupBytes(F, args.columns);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    tile.x[r] =
        reinterpret_cast<const float*>(args.x + (row + r) * args.x_stride);
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) tile.sum[r][v] = vdupq_n_f32(0);
  }
  int64_t k = 0;
  for (; k + 4 <= args.columns; k += 4) tile.AddFour(k);
  for (; k < args.columns; ++k) tile.AddOne(k);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    float lanes[kGroup];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) vst1q_f32(lanes + 4 * v, tile.sum[r][v]);
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

void LinearFloatNeon(const LinearArgs& args, int64_t out_begin,
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

// The same lanes and order as with AVX2.
float DotNeon(const float* a, const float* b, int64_t n) {
  float32x4_t sum[8];
#pragma GCC unroll 16
  for (int i = 0; i < 8; ++i) sum[i] = vdupq_n_f32(0);
  int64_t k = 0;
  for (; k + 32 <= n; k += 32) {
#pragma GCC unroll 16
    for (int i = 0; i < 8; ++i) {
      sum[i] =
          vfmaq_f32(sum[i], vld1q_f32(a + k + 4 * i), vld1q_f32(b + k + 4 * i));
    }
  }
  float lanes[8];
#pragma GCC unroll 16
  for (int h = 0; h < 2; ++h) {
    vst1q_f32(lanes + 4 * h, vaddq_f32(vaddq_f32(sum[h], sum[2 + h]),
                                       vaddq_f32(sum[4 + h], sum[6 + h])));
  }
  for (; k < n; ++k) lanes[k % 8] = __builtin_fmaf(a[k], b[k], lanes[k % 8]);
  const float even = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]);
  const float odd = (lanes[1] + lanes[5]) + (lanes[3] + lanes[7]);
  return even + odd;
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __ARM_FEATURE_DOTPROD
