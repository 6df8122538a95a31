// Integer formats with the matrix instructions of Armv8.6.
//
// A row alone uses SDOT or USDOT: 16 products an instruction, all of use, of
// weights as they are packed. SMMLA makes 32 products of two outputs and two
// rows, half of them useless if there is one row. From two rows on it pays,
// although the packed vectors, 4 columns of 4 outputs, must be zipped to 8
// columns of 2. g++ 12 makes for 1,024 products of Q8, in whole blocks and
// without centres, about 157 instructions by tiles of 6 rows and 8 outputs
// here, 164 by USDOT with 4 rows and 8 outputs; of Q4Min 140 and 177. All give
// the same integers, and the floating additions are those of docs/numerics.md.
#if defined(__ARM_FEATURE_MATMUL_INT8)
#include <string.h>

#include "kernels/cpu/linear_formats_neon.h"
#include "kernels/cpu/linear_lanes_neon.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Two rows by two outputs, [o0 r0, o0 r1, o1 r0, o1 r1]: sum += w x^T.
inline int32x4_t Multiply(int32x4_t sum, int8x16_t w, int8x16_t x) {
  return vmmlaq_s32(sum, w, x);
}
inline int32x4_t Multiply(int32x4_t sum, uint8x16_t w, int8x16_t x) {
  return vusmmlaq_s32(sum, w, x);
}

// Columns [0, 8) of outputs 0 and 1, or 2 and 3, from two neighbouring quads.
inline int8x16_t ZipLow(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s32(
      vzip1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
inline int8x16_t ZipHigh(int8x16_t a, int8x16_t b) {
  return vreinterpretq_s8_s32(
      vzip2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
inline uint8x16_t ZipLow(uint8x16_t a, uint8x16_t b) {
  return vreinterpretq_u8_u32(
      vzip1q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
}
inline uint8x16_t ZipHigh(uint8x16_t a, uint8x16_t b) {
  return vreinterpretq_u8_u32(
      vzip2q_u32(vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b)));
}

// [a, b, a, b] of two rows.
inline float32x4_t OfRows(float a, float b) {
  const float32x2_t pair = {a, b};
  return vcombine_f32(pair, pair);
}

// The same of what two rows have for a block.
struct PairInfo {
  float32x4_t s_c, bias_total;  // [s, s', c, c'] and so on

  static inline float32x4_t Load(const BlockInfo& info) {
    static_assert(sizeof(BlockInfo) == 16);
    float32x4_t four;
    memcpy(&four, &info, sizeof(four));
    return four;
  }
  inline PairInfo(const BlockInfo& a, const BlockInfo& b)
      : s_c(vzip1q_f32(Load(a), Load(b))),
        bias_total(vzip2q_f32(Load(a), Load(b))) {}

  static inline float32x4_t Twice(float32x2_t x) { return vcombine_f32(x, x); }
  inline float32x4_t S() const { return Twice(vget_low_f32(s_c)); }
  inline float32x4_t C() const { return Twice(vget_high_f32(s_c)); }
  inline float32x4_t Total() const { return Twice(vget_high_f32(bias_total)); }
  inline int32x4_t Bias() const {
    return vreinterpretq_s32_f32(Twice(vget_low_f32(bias_total)));
  }
};

// P pairs of rows by 4 V outputs; sums are blocks of two outputs and two rows.
template <PackedFormat F, int P, int V>
struct MatrixTile {
  using C = Codes<F>;
  static constexpr int kParts = C::kParts;
  static constexpr bool kMinimum = ShapeOf(F).minimum;

  const uint8_t* values;
  Scales<F, V> scales;
  Int8Row x[2 * P];
  float32x4_t sum[P][2 * V];

  INLAY_ALWAYS_INLINE_ void AddBlock(int64_t b) {
    AddPart<0>(b);
    if constexpr (kParts == 2) AddPart<1>(b);
  }

  template <int H>
  INLAY_ALWAYS_INLINE_ void AddPart(int64_t b) {
    int32x4_t dot[P][2 * V];
    Start(b, dot);
    const uint8_t* const block = values + b * C::kBlockBytes;
    AddPairs<H, 0>(block, b * kBlock, dot);
    scales.Load(b, H);
    float32x4_t scale[2 * V];
    Spread(scales.scale, scale);
    uint32x4_t centres = vdupq_n_u32(0);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      const PairInfo info = Info(p, b);
      const float32x4_t s = info.S();
      centres = vorrq_u32(centres, vreinterpretq_u32_f32(info.s_c));
#pragma GCC unroll 16
      for (int u = 0; u < 2 * V; ++u) {
        sum[p][u] = vfmaq_f32(sum[p][u], vcvtq_f32_s32(dot[p][u]),
                              vmulq_f32(scale[u], s));
      }
    }
    const uint64_t any = vgetq_lane_u64(vreinterpretq_u64_u32(centres), 1);
    if (__builtin_expect(any != 0, 0)) {
      AddCentres<H>(b, block);
    }
    if constexpr (kMinimum) AddMinima<H>(b);
  }

  inline PairInfo Info(int p, int64_t b) const {
    return PairInfo(x[2 * p].info[b], x[2 * p + 1].info[b]);
  }

  inline void Start(int64_t b, int32x4_t (*dot)[2 * V]) const {
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      int32x4_t start = vdupq_n_s32(0);
      if constexpr (C::kOffset != 0) {
        start = vmulq_n_s32(Info(p, b).Bias(), C::kOffset / 8);
      }
#pragma GCC unroll 16
      for (int u = 0; u < 2 * V; ++u) dot[p][u] = start;
    }
  }

  template <int H, int I>
  INLAY_ALWAYS_INLINE_ void AddPairs(const uint8_t* block, int64_t column,
                                     int32x4_t (*dot)[2 * V]) {
    if constexpr (I < C::kQuads / 2) {
      constexpr int kPair = C::PairAt(H, I);
      int8x16_t a[P];
#pragma GCC unroll 16
      for (int p = 0; p < P; ++p) {
        a[p] = vcombine_s8(vld1_s8(x[2 * p].a + column + 8 * kPair),
                           vld1_s8(x[2 * p + 1].a + column + 8 * kPair));
      }
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) {
        const auto near = C::template Bytes<2 * kPair>(block + 16 * v);
        const auto far = C::template Bytes<2 * kPair + 1>(block + 16 * v);
        const auto low = ZipLow(near, far);
        const auto high = ZipHigh(near, far);
#pragma GCC unroll 16
        for (int p = 0; p < P; ++p) {
          dot[p][2 * v] = Multiply(dot[p][2 * v], low, a[p]);
          dot[p][2 * v + 1] = Multiply(dot[p][2 * v + 1], high, a[p]);
        }
      }
      AddPairs<H, I + 1>(block, column, dot);
    }
  }

  // What each output has, for blocks of two outputs and two rows.
  static inline void Spread(const float32x4_t* from, float32x4_t* to) {
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
      to[2 * v] = vzip1q_f32(from[v], from[v]);
      to[2 * v + 1] = vzip2q_f32(from[v], from[v]);
    }
  }

  template <int H>
  inline float32x4_t Totals(int p, int64_t b) const {
    if constexpr (kParts == 1) return Info(p, b).Total();
    float total[2];
#pragma GCC unroll 16
    for (int i = 0; i < 2; ++i) {
      const Int8Row& row = x[2 * p + i];
      const int32_t a = SumActivations(vld1q_s8(row.a + b * kBlock + 16 * H));
      total[i] = row.info[b].s * static_cast<float>(a) + 16.0f * row.info[b].c;
    }
    return OfRows(total[0], total[1]);
  }

  template <int H>
  inline void AddMinima(int64_t b) {
    float32x4_t minimum[2 * V];
    Spread(scales.minimum, minimum);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      const float32x4_t total = Totals<H>(p, b);
#pragma GCC unroll 16
      for (int u = 0; u < 2 * V; ++u) {
        sum[p][u] = vfmaq_f32(sum[p][u], minimum[u], total);
      }
    }
  }

  template <int H>
  INLAY_ALWAYS_INLINE_ void AddCentres(int64_t b, const uint8_t* block) {
    float32x4_t weights[V], spread[2 * V];
    SumCodes<F, H, V>(block, weights);
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
      weights[v] = vmulq_f32(scales.scale[v], weights[v]);
    }
    Spread(weights, spread);
#pragma GCC unroll 16
    for (int p = 0; p < P; ++p) {
      const float32x4_t c = Info(p, b).C();
      const uint32x4_t none = vceqzq_f32(c);
#pragma GCC unroll 16
      for (int u = 0; u < 2 * V; ++u) {
        // A row without a centre keeps its sum, also where that is -0.
        sum[p][u] =
            vbslq_f32(none, sum[p][u], vfmaq_f32(sum[p][u], c, spread[u]));
      }
    }
  }
};

// Outputs [first, first + 4 V) of a group, for rows [row, row + 2 P).
template <PackedFormat F, int P, int V>
void RunMatrix(const LinearArgs& args, int64_t row, int64_t group,
               int64_t first, int64_t out_begin, int64_t out_end) {
  const uint8_t* const packed =
      args.weight + static_cast<size_t>(group) * GroupBytes(F, args.columns);
  MatrixTile<F, P, V> tile;
  tile.values = packed + GroupScaleBytes(F, args.columns) + first * 4;
  tile.scales.group = packed;
  tile.scales.first = first;
#pragma GCC unroll 16
  for (int r = 0; r < 2 * P; ++r) {
    tile.x[r] = ViewInt8Row(args.x + (row + r) * args.x_stride, args.columns);
  }
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) {
#pragma GCC unroll 16
    for (int u = 0; u < 2 * V; ++u) tile.sum[p][u] = vdupq_n_f32(0);
  }
  const int64_t blocks = BlockCount(args.columns);
  for (int64_t b = 0; b < blocks; ++b) tile.AddBlock(b);
#pragma GCC unroll 16
  for (int p = 0; p < P; ++p) {
    float lanes[8 * V];
#pragma GCC unroll 16
    for (int u = 0; u < 2 * V; ++u) vst1q_f32(lanes + 4 * u, tile.sum[p][u]);
    for (int64_t lane = 0; lane < 4 * V; ++lane) {
      const int64_t out = group * kGroup + first + lane;
      if (out < out_begin || out >= out_end) continue;
      StoreOutput(args, row + 2 * p, out, lanes[2 * lane]);
      StoreOutput(args, row + 2 * p + 1, out, lanes[2 * lane + 1]);
    }
  }
}

template <PackedFormat F>
struct Kernel {
  static void Run(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
    for (int64_t g = out_begin / kGroup; g * kGroup < out_end; ++g) {
      int64_t row = 0;
      for (; row + 6 <= args.x_rows; row += 6) {
        RunMatrix<F, 3, 2>(args, row, g, 0, out_begin, out_end);
        RunMatrix<F, 3, 2>(args, row, g, 8, out_begin, out_end);
      }
      for (; row + 2 <= args.x_rows; row += 2) {
        RunMatrix<F, 1, 4>(args, row, g, 0, out_begin, out_end);
      }
      if (row < args.x_rows) {
        RunLanes<F, 1, 4>(args, row, g, 0, out_begin, out_end);
      }
    }
  }
};

}  // namespace

void LinearInt8I8mm(const LinearArgs& args, int64_t out_begin,
                    int64_t out_end) {
  RunFormat<Kernel>(args, out_begin, out_end);
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __ARM_FEATURE_MATMUL_INT8
