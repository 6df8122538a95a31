// Integer products of R rows by 4 V outputs, one dot product instruction for 4
// columns of 4 outputs and one row: SDOT, or USDOT where weights are unsigned.
// The order of the floating additions is that of docs/numerics.md. Everything
// here has internal linkage.
#ifndef INLAY_KERNELS_CPU_LINEAR_LANES_NEON_H_
#define INLAY_KERNELS_CPU_LINEAR_LANES_NEON_H_

#include <arm_neon.h>
#include <stdint.h>

#include "kernels/cpu/linear_codes_neon.h"
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

template <PackedFormat F, int R, int V>
struct LaneTile {
  using C = Codes<F>;
  static constexpr int kParts = C::kParts;
  static constexpr bool kMinimum = ShapeOf(F).minimum;

  const uint8_t* values;
  Scales<F, V> scales;
  Int8Row x[R];
  float32x4_t sum[R][V];

  INLAY_ALWAYS_INLINE_ void AddBlock(int64_t b) {
    AddPart<0>(b);
    if constexpr (kParts == 2) AddPart<1>(b);
  }

  // 32 columns, or half of them if they have a scale of their own.
  template <int P>
  INLAY_ALWAYS_INLINE_ void AddPart(int64_t b) {
    int32x4_t dot[R][V];
    int8x16_t a[R][2 / kParts];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const int32x4_t start = vdupq_n_s32(x[r].info[b].bias * (C::kOffset / 8));
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) dot[r][v] = start;
#pragma GCC unroll 16
      for (int h = 0; h < 2 / kParts; ++h) {
        a[r][h] = vld1q_s8(x[r].a + b * kBlock + 16 * (P + h));
      }
    }
    const uint8_t* const block = values + b * C::kBlockBytes;
    AddQuads<P, 0>(block, a, dot);
    scales.Load(b, P);
    bool centred = false;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const float s = x[r].info[b].s;
      centred |= x[r].info[b].c != 0;
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) {
        sum[r][v] = vfmaq_f32(sum[r][v], vcvtq_f32_s32(dot[r][v]),
                              vmulq_n_f32(scales.scale[v], s));
      }
    }
    if (__builtin_expect(centred, 0)) AddCentres<P>(b, block);
    if constexpr (kMinimum) {
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const BlockInfo& info = x[r].info[b];
        float total = info.total;
        if constexpr (kParts == 2) {
          const float sum_a = static_cast<float>(SumActivations(a[r][0]));
          total = info.s * sum_a + 16.0f * info.c;
        }
#pragma GCC unroll 16
        for (int v = 0; v < V; ++v) {
          sum[r][v] = vfmaq_n_f32(sum[r][v], scales.minimum[v], total);
        }
      }
    }
  }

  template <int P, int I>
  INLAY_ALWAYS_INLINE_ static void AddQuads(const uint8_t* block,
                                            const int8x16_t (*a)[2 / kParts],
                                            int32x4_t (*dot)[V]) {
    if constexpr (I < C::kQuads) {
      constexpr int kQuad = C::QuadAt(P, I);
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) {
        const auto w = C::template Bytes<kQuad>(block + 16 * v);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
          dot[r][v] = DotLane<kQuad % 4>(dot[r][v], w, a[r][kQuad / 4 - P]);
        }
      }
      AddQuads<P, I + 1>(block, a, dot);
    }
  }

  template <int P>
  inline void AddCentres(int64_t b, const uint8_t* block) {
    float32x4_t weights[V];
    SumCodes<F, P, V>(block, weights);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const float c = x[r].info[b].c;
      if (c == 0) continue;
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) {
        sum[r][v] =
            vfmaq_n_f32(sum[r][v], vmulq_f32(scales.scale[v], weights[v]), c);
      }
    }
  }
};

// Outputs [first, first + 4 V) of a group, for rows [row, row + R).
template <PackedFormat F, int R, int V>
void RunLanes(const LinearArgs& args, int64_t row, int64_t group, int64_t first,
              int64_t out_begin, int64_t out_end) {
  const uint8_t* const packed =
      args.weight + static_cast<size_t>(group) * GroupBytes(F, args.columns);
  LaneTile<F, R, V> tile;
  tile.values = packed + GroupScaleBytes(F, args.columns) + first * 4;
  tile.scales.group = packed;
  tile.scales.first = first;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    tile.x[r] = ViewInt8Row(args.x + (row + r) * args.x_stride, args.columns);
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) tile.sum[r][v] = vdupq_n_f32(0);
  }
  const int64_t blocks = BlockCount(args.columns);
  for (int64_t b = 0; b < blocks; ++b) tile.AddBlock(b);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    float lanes[4 * V];
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) vst1q_f32(lanes + 4 * v, tile.sum[r][v]);
    for (int64_t lane = 0; lane < 4 * V; ++lane) {
      const int64_t out = group * kGroup + first + lane;
      if (out < out_begin || out >= out_end) continue;
      StoreOutput(args, row + r, out, lanes[lane]);
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_LANES_NEON_H_
