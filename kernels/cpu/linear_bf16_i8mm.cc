// BF16 weights and activations by BFDOT: each instruction adds the products of
// two columns to four outputs of one row.
//
// Without the extended BF16 mode (FPCR.EBF is 0 unless a program sets it), both
// products are exact, their sum is rounded to odd, and so is its addition to
// the output; subnormal numbers are taken, and given, as zero; a NaN is the
// default NaN (Arm ARM, BFDotAdd and FPAdd_BF16). FPCR plays no part. BFMMLA
// would round the same, two such steps in a row, but only where the mode is
// off; one instruction for every number of rows leaves no doubt.
#if defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#include <arm_neon.h>
#include <stdint.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

constexpr int kVectors = 4;  // of a group
constexpr int64_t kPairBytes = 64;

inline bfloat16x8_t LoadPairs(const uint8_t* p) {
  return vld1q_bf16(reinterpret_cast<const bfloat16_t*>(p));
}

// R rows and one group.
template <int R>
struct Tile {
  const uint8_t* weights;
  const uint8_t* x[R];
  float32x4_t sum[R][kVectors];

  // Pair `pair` of columns by lane L of the activations.
  template <int L>
  inline void AddLane(int64_t pair, const bfloat16x8_t* a) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const bfloat16x8_t w = LoadPairs(weights + pair * kPairBytes + 16 * v);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        sum[r][v] = vbfdotq_laneq_f32(sum[r][v], w, a[r], L);
      }
    }
  }
  inline void AddFour(int64_t pair) {
    bfloat16x8_t a[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) a[r] = LoadPairs(x[r] + pair * 4);
    AddLane<0>(pair, a);
    AddLane<1>(pair + 1, a);
    AddLane<2>(pair + 2, a);
    AddLane<3>(pair + 3, a);
  }
  // The last columns; the one missing of an odd number is zero.
  inline void AddOne(int64_t pair, int64_t columns) {
    bfloat16x8_t a[R];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      uint16_t two[2] = {};
      const int64_t count = columns - 2 * pair < 2 ? 1 : 2;
      for (int64_t i = 0; i < count; ++i) {
        two[i] = reinterpret_cast<const uint16_t*>(x[r])[2 * pair + i];
      }
      a[r] =
          vreinterpretq_bf16_u32(vdupq_n_u32(two[0] | uint32_t{two[1]} << 16));
    }
    AddLane<0>(pair, a);
  }
};

// Rows [row, row + R).
template <int R>
void RunTile(const LinearArgs& args, int64_t row, int64_t group,
             int64_t out_begin, int64_t out_end) {
  Tile<R> tile;
  tile.weights =
      args.weight + static_cast<size_t>(group) *
                        GroupBytes(PackedFormat::kBF16Pairs, args.columns);
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    tile.x[r] = args.x + (row + r) * args.x_stride;
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) tile.sum[r][v] = vdupq_n_f32(0);
  }
  const int64_t pairs = (args.columns + 1) / 2;
  int64_t pair = 0;
  for (; 2 * pair + 8 <= args.columns; pair += 4) tile.AddFour(pair);
  for (; pair < pairs; ++pair) tile.AddOne(pair, args.columns);
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

}  // namespace

void LinearBf16I8mm(const LinearArgs& args, int64_t out_begin,
                    int64_t out_end) {
  for (int64_t group = out_begin / kGroup; group * kGroup < out_end; ++group) {
    int64_t row = 0;
    for (; row + 4 <= args.x_rows; row += 4) {
      RunTile<4>(args, row, group, out_begin, out_end);
    }
    for (; row < args.x_rows; ++row) {
      RunTile<1>(args, row, group, out_begin, out_end);
    }
  }
}

// Rounds to nearest even, as plain C++ does: BFCVT obeys FPCR, which has its
// default mode here, and keeps subnormal numbers.
void PrepareBf16I8mm(const float* x, int64_t columns, uint8_t* dst) {
  uint16_t* const to = reinterpret_cast<uint16_t*>(dst);
  int64_t k = 0;
  for (; k + 8 <= columns; k += 8) {
    const bfloat16x8_t low = vcvtq_low_bf16_f32(vld1q_f32(x + k));
    const bfloat16x8_t both = vcvtq_high_bf16_f32(low, vld1q_f32(x + k + 4));
    vst1q_u16(to + k, vreinterpretq_u16_bf16(both));
  }
  const int64_t padded =
      static_cast<int64_t>(AlignUp64(static_cast<size_t>(columns) * 2) / 2);
  for (; k < padded; k += 8) {
    float rest[8] = {};
    for (int64_t i = 0; i < 8 && k + i < columns; ++i) rest[i] = x[k + i];
    const bfloat16x8_t low = vcvtq_low_bf16_f32(vld1q_f32(rest));
    const bfloat16x8_t both = vcvtq_high_bf16_f32(low, vld1q_f32(rest + 4));
    vst1q_u16(to + k, vreinterpretq_u16_bf16(both));
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
