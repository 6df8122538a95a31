// Integer formats with the matrix instructions of Armv8.6.
//
// A row alone uses SDOT or USDOT: 16 products an instruction, all of use, of
// weights as they are packed. SMMLA makes 32 products of two outputs and two
// rows; with one row, half of them would be thrown away. From two rows on it
// pays although the packed vectors, 4 columns of 4 outputs, must be zipped to 8
// columns of 2: for 8 columns, 4 outputs and R rows that is 2 zips and R
// SMMLA, against 2 R SDOT, and eight rows share the zips. All give the same
// integers, and the floating additions are those of docs/numerics.md.
#if defined(__ARM_FEATURE_MATMUL_INT8)
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

// [a, a', a, a'] of two rows.
inline float32x4_t OfRows(float a, float b) {
  const float32x2_t pair = {a, b};
  return vcombine_f32(pair, pair);
}

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

  inline void AddBlock(int64_t b) {
    AddPart<0>(b);
    if constexpr (kParts == 2) AddPart<1>(b);
  }

  template <int H>
  inline void AddPart(int64_t b) {
    int32x4_t dot[P][2 * V];
    bool centred = false;
    for (int p = 0; p < P; ++p) {
      const BlockInfo& one = x[2 * p].info[b];
      const BlockInfo& two = x[2 * p + 1].info[b];
      const int32x2_t bias = {one.bias * (C::kOffset / 8),
                              two.bias * (C::kOffset / 8)};
      for (int u = 0; u < 2 * V; ++u) dot[p][u] = vcombine_s32(bias, bias);
      centred |= one.c != 0 || two.c != 0;
    }
    const uint8_t* const block = values + b * C::kBlockBytes;
    AddPairs<H, 0>(block, b * kBlock, dot);
    scales.Load(b, H);
    float32x4_t scale[2 * V];
    Spread(scales.scale, scale);
    for (int p = 0; p < P; ++p) {
      const float32x4_t s = OfRows(x[2 * p].info[b].s, x[2 * p + 1].info[b].s);
      for (int u = 0; u < 2 * V; ++u) {
        sum[p][u] = vfmaq_f32(sum[p][u], vcvtq_f32_s32(dot[p][u]),
                              vmulq_f32(scale[u], s));
      }
    }
    if (__builtin_expect(centred, 0)) AddCentres<H>(b, block);
    if constexpr (kMinimum) AddMinima<H>(b);
  }

  template <int H, int I>
  inline void AddPairs(const uint8_t* block, int64_t column,
                       int32x4_t (*dot)[2 * V]) {
    if constexpr (I < C::kQuads / 2) {
      constexpr int kPair = C::PairAt(H, I);
      int8x16_t a[P];
      for (int p = 0; p < P; ++p) {
        a[p] = vcombine_s8(vld1_s8(x[2 * p].a + column + 8 * kPair),
                           vld1_s8(x[2 * p + 1].a + column + 8 * kPair));
      }
      for (int v = 0; v < V; ++v) {
        const auto near = C::template Bytes<2 * kPair>(block + 16 * v);
        const auto far = C::template Bytes<2 * kPair + 1>(block + 16 * v);
        const auto low = ZipLow(near, far);
        const auto high = ZipHigh(near, far);
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
    for (int v = 0; v < V; ++v) {
      to[2 * v] = vzip1q_f32(from[v], from[v]);
      to[2 * v + 1] = vzip2q_f32(from[v], from[v]);
    }
  }

  template <int H>
  float Total(int64_t b, int row) const {
    const BlockInfo& info = x[row].info[b];
    if (kParts == 1) return info.total;
    const int32_t a = SumActivations(vld1q_s8(x[row].a + b * kBlock + 16 * H));
    return info.s * static_cast<float>(a) + 16.0f * info.c;
  }

  template <int H>
  inline void AddMinima(int64_t b) {
    float32x4_t minimum[2 * V];
    Spread(scales.minimum, minimum);
    for (int p = 0; p < P; ++p) {
      const float32x4_t total =
          OfRows(Total<H>(b, 2 * p), Total<H>(b, 2 * p + 1));
      for (int u = 0; u < 2 * V; ++u) {
        sum[p][u] = vfmaq_f32(sum[p][u], minimum[u], total);
      }
    }
  }

  template <int H>
  inline void AddCentres(int64_t b, const uint8_t* block) {
    float32x4_t weights[V], spread[2 * V];
    SumCodes<F, H, V>(block, weights);
    for (int v = 0; v < V; ++v) {
      weights[v] = vmulq_f32(scales.scale[v], weights[v]);
    }
    Spread(weights, spread);
    for (int p = 0; p < P; ++p) {
      const float32x4_t c = OfRows(x[2 * p].info[b].c, x[2 * p + 1].info[b].c);
      const uint32x4_t none = vceqzq_f32(c);
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
  for (int r = 0; r < 2 * P; ++r) {
    tile.x[r] = ViewInt8Row(args.x + (row + r) * args.x_stride, args.columns);
  }
  for (int p = 0; p < P; ++p) {
    for (int u = 0; u < 2 * V; ++u) tile.sum[p][u] = vdupq_n_f32(0);
  }
  const int64_t blocks = BlockCount(args.columns);
  for (int64_t b = 0; b < blocks; ++b) tile.AddBlock(b);
  for (int p = 0; p < P; ++p) {
    float lanes[8 * V];
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
      for (; row + 8 <= args.x_rows; row += 8) {
        RunMatrix<F, 4, 2>(args, row, g, 0, out_begin, out_end);
        RunMatrix<F, 4, 2>(args, row, g, 8, out_begin, out_end);
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
