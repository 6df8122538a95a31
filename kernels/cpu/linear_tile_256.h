// Integer products in vectors of 8 outputs: tiles of R rows by one group. `Set`
// is the instruction set's way to multiply:
//
//   Set::kRows              rows of a tile
//   Set::kSigned<F>         whether values are signed, or have their offset
//   Set::Dot<F, kFirst, kCount>(p, a, dot)
//                           adds quads [kFirst, kFirst + kCount) of a block
//
// Everything else is the same, and so are the results: sums of integers are
// exact, and the rest is in the order of docs/numerics.md. For the files of
// AVX2 and AVX-VNNI; everything here has internal linkage.
#ifndef INLAY_KERNELS_CPU_LINEAR_TILE_256_H_
#define INLAY_KERNELS_CPU_LINEAR_TILE_256_H_

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/linear_codes_256.h"
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

inline __m256i Broadcast4(const int8_t* p) {
  int32_t four;
  memcpy(&four, p, sizeof(four));
  return _mm256_set1_epi32(four);
}

inline int32_t Sum16(const int8_t* a) {
  const __m128i pairs = _mm_maddubs_epi16(
      _mm_set1_epi8(1), _mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
  __m128i s = _mm_madd_epi16(pairs, _mm_set1_epi16(1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  return _mm_cvtsi128_si32(s);
}

// Quads in an order in which those that share bytes are close together.
inline constexpr int kQuadOrder[8] = {0, 4, 2, 6, 1, 5, 3, 7};
template <int kFirst, int kCount>
inline constexpr int QuadAt(int i) {
  return kCount == 8 ? kQuadOrder[i] : kFirst + (i % 2 * 2 + i / 2);
}

// The sum of the signed codes of `kCount` quads, times their scale.
template <PackedFormat F, int kFirst, int kCount>
__attribute__((noinline)) __m256 ScaledSum(const uint8_t* p, __m256 scale) {
  __m256i sum = _mm256_setzero_si256();  // at most 8 * 2 * 128
  for (int j = kFirst; j < kFirst + kCount; ++j) {
    sum = _mm256_add_epi16(
        sum, _mm256_maddubs_epi16(_mm256_set1_epi8(1), Values<F, true>(p, j)));
  }
  sum = _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
  return _mm256_mul_ps(scale, _mm256_cvtepi32_ps(sum));
}

// Scaled sums of the codes of a group, for many rows to share.
inline constexpr int64_t kPanelParts = 512;
struct Panel {
  __m256 sum[kPanelParts][2];
};

template <typename Set, PackedFormat F, int R>
struct Tile {
  static constexpr int kParts = static_cast<int>(Scales<F>::kParts);
  static constexpr int kQuads = 8 / kParts;
  static constexpr int kBlockBytes = 64 * ShapeOf(F).bits;

  const Panel* panel;  // null: sums are made where they are needed
  const uint8_t* scales;
  const uint8_t* values;
  Int8Row x[R];
  __m256 sum[R][2];

  template <int kPart>
  inline void AddPart(int64_t b) {
    __m256i dot[R][2];
    const int8_t* a[R];
    uint32_t centred = 0;
    for (int r = 0; r < R; ++r) {
      const BlockInfo& info = x[r].info[b];
      a[r] = x[r].a + b * kBlock;
      dot[r][0] = dot[r][1] = InitialDot(info);
      uint32_t bits;
      memcpy(&bits, &info.c, sizeof(bits));
      centred |= bits << 1;
    }
    const uint8_t* const block = values + b * kBlockBytes;
    Set::template Dot<F, kPart * kQuads, kQuads>(block, a, dot);
    __m256 scale[2];
    for (int h = 0; h < 2; ++h) {
      scale[h] = Scales<F>::Scale(scales, b, kPart, h);
    }
    for (int r = 0; r < R; ++r) {
      const __m256 s = _mm256_set1_ps(x[r].info[b].s);
      for (int h = 0; h < 2; ++h) {
        sum[r][h] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[r][h]),
                                    _mm256_mul_ps(scale[h], s), sum[r][h]);
      }
    }
    if (__builtin_expect(centred != 0, 0)) AddCentres<kPart>(b, scale, block);
    if constexpr (ShapeOf(F).minimum) AddMinima<kPart>(b);
  }

  // What an offset of the values adds to the sum is taken away beforehand.
  // BlockInfo::bias is for an offset of 8 and 32 columns.
  static inline __m256i InitialDot(const BlockInfo& info) {
    if constexpr (Set::template kSigned<F> || kOffsetOf<F> == 0) {
      return _mm256_setzero_si256();
    } else {
      static_assert(kParts == 1);
      return _mm256_set1_epi32(info.bias * (kOffsetOf<F> / 8));
    }
  }

  template <int kPart>
  inline void AddCentres(int64_t b, const __m256 (&scale)[2],
                         const uint8_t* block) {
    for (int h = 0; h < 2; ++h) {
      const __m256 codes =
          panel != nullptr
              ? panel->sum[b * kParts + kPart][h]
              : ScaledSum<F, kPart * kQuads, kQuads>(block + 32 * h, scale[h]);
      for (int r = 0; r < R; ++r) {
        const float c = x[r].info[b].c;
        if (c == 0) continue;
        sum[r][h] = _mm256_fmadd_ps(_mm256_set1_ps(c), codes, sum[r][h]);
      }
    }
  }

  template <int kPart>
  inline void AddMinima(int64_t b) {
    for (int r = 0; r < R; ++r) {
      const BlockInfo& info = x[r].info[b];
      float total = info.total;
      if constexpr (kParts == 2) {
        const int32_t a = Sum16(x[r].a + b * kBlock + 16 * kPart);
        total = info.s * static_cast<float>(a) + 16.0f * info.c;
      }
      for (int h = 0; h < 2; ++h) {
        sum[r][h] = Scales<F>::AddMinimum(scales, b, kPart, h,
                                          _mm256_set1_ps(total), sum[r][h]);
      }
    }
  }

  inline void AddBlock(int64_t b) {
    AddPart<0>(b);
    if constexpr (kParts == 2) AddPart<1>(b);
  }
};

template <typename Set, PackedFormat F, int R>
void RunTile(const LinearArgs& args, int64_t row, int64_t group,
             int64_t out_begin, int64_t out_end, const Panel* panel) {
  Tile<Set, F, R> tile;
  tile.panel = panel;
  tile.scales =
      args.weight + static_cast<size_t>(group) * GroupBytes(F, args.columns);
  tile.values = tile.scales + GroupScaleBytes(F, args.columns);
  for (int r = 0; r < R; ++r) {
    tile.x[r] = ViewInt8Row(args.x + (row + r) * args.x_stride, args.columns);
    tile.sum[r][0] = tile.sum[r][1] = _mm256_setzero_ps();
  }
  const int64_t blocks = BlockCount(args.columns);
  for (int64_t b = 0; b < blocks; ++b) tile.AddBlock(b);
  for (int r = 0; r < R; ++r) {
    float sum[kGroup];
    _mm256_storeu_ps(sum, tile.sum[r][0]);
    _mm256_storeu_ps(sum + 8, tile.sum[r][1]);
    for (int64_t lane = 0; lane < kGroup; ++lane) {
      const int64_t out = group * kGroup + lane;
      if (out < out_begin || out >= out_end) continue;
      StoreOutput(args, row + r, out, sum[lane]);
    }
  }
}

template <typename Set, PackedFormat F>
void RunRows(const LinearArgs& args, int64_t group, int64_t out_begin,
             int64_t out_end, const Panel* panel) {
  constexpr int kRows = Set::kRows;
  static_assert(kRows == 2 || kRows == 3);
  int64_t row = 0;
  for (; row + kRows <= args.x_rows; row += kRows) {
    RunTile<Set, F, kRows>(args, row, group, out_begin, out_end, panel);
  }
  if (kRows == 3 && row + 2 <= args.x_rows) {
    return RunTile<Set, F, 2>(args, row, group, out_begin, out_end, panel);
  }
  if (row < args.x_rows) {
    RunTile<Set, F, 1>(args, row, group, out_begin, out_end, panel);
  }
}

template <PackedFormat F, int kPart>
void FillPart(const uint8_t* group, const uint8_t* values, int64_t b,
              __m256* sums) {
  constexpr int kQuads = 8 / static_cast<int>(Scales<F>::kParts);
  for (int h = 0; h < 2; ++h) {
    sums[h] = ScaledSum<F, kPart * kQuads, kQuads>(
        values + b * 64 * ShapeOf(F).bits + 32 * h,
        Scales<F>::Scale(group, b, kPart, h));
  }
}

// For many rows the sums of codes are made once.
template <typename Set, PackedFormat F>
__attribute__((noinline)) void RunManyRows(const LinearArgs& args,
                                           int64_t group, int64_t out_begin,
                                           int64_t out_end) {
  constexpr int64_t kParts = Scales<F>::kParts;
  Panel panel;
  const uint8_t* const p =
      args.weight + static_cast<size_t>(group) * GroupBytes(F, args.columns);
  const uint8_t* const values = p + GroupScaleBytes(F, args.columns);
  for (int64_t b = 0; b < BlockCount(args.columns); ++b) {
    FillPart<F, 0>(p, values, b, panel.sum[b * kParts]);
    if constexpr (kParts == 2) {
      FillPart<F, 1>(p, values, b, panel.sum[b * kParts + 1]);
    }
  }
  RunRows<Set, F>(args, group, out_begin, out_end, &panel);
}

template <typename Set, PackedFormat F>
void Run(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  const bool many = args.x_rows >= 12 &&
                    BlockCount(args.columns) * Scales<F>::kParts <= kPanelParts;
  for (int64_t group = out_begin / kGroup; group * kGroup < out_end; ++group) {
    if (many) {
      RunManyRows<Set, F>(args, group, out_begin, out_end);
    } else {
      RunRows<Set, F>(args, group, out_begin, out_end, nullptr);
    }
  }
}

template <typename Set>
void RunIntegers(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  using F = PackedFormat;
  switch (args.format) {
    case F::kQ8:
      return Run<Set, F::kQ8>(args, out_begin, out_end);
    case F::kQ6:
      return Run<Set, F::kQ6>(args, out_begin, out_end);
    case F::kQ6Min:
      return Run<Set, F::kQ6Min>(args, out_begin, out_end);
    case F::kQ4:
      return Run<Set, F::kQ4>(args, out_begin, out_end);
    case F::kQ4Min:
      return Run<Set, F::kQ4Min>(args, out_begin, out_end);
    case F::kQ4Lut:
      return Run<Set, F::kQ4Lut>(args, out_begin, out_end);
    case F::kQ4Fp:
      return Run<Set, F::kQ4Fp>(args, out_begin, out_end);
    case F::kK6Min:
      return Run<Set, F::kK6Min>(args, out_begin, out_end);
    case F::kK6:
      return Run<Set, F::kK6>(args, out_begin, out_end);
    case F::kK4Min:
      return Run<Set, F::kK4Min>(args, out_begin, out_end);
    case F::kK4Lut:
      return Run<Set, F::kK4Lut>(args, out_begin, out_end);
    case F::kK4:
      return Run<Set, F::kK4>(args, out_begin, out_end);
    case F::kK2Min:
      return Run<Set, F::kK2Min>(args, out_begin, out_end);
    default:
      return LinearInt8Reference(args, out_begin, out_end);
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_TILE_256_H_
