// Integer formats with AVX-512 VNNI: tiles of R rows by G groups of 16
// outputs. One row and many rows read the same layout and do the same
// operations in the same order, so results do not depend on the tile.
#if defined(__AVX512F__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

// GCC 12 takes the undefined pass-through operands of its own intrinsics for
// uninitialised variables (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace inlay::kernels::cpu::internal {
namespace {

inline __m512 LoadHalves(const uint8_t* p) {
  return _mm512_cvtph_ps(
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

// Weights of one block of one group, as unsigned bytes for vpdpbusd.
template <PackedFormat F>
struct Weights;

struct Bytes {
  static constexpr int kBlockBytes = 512;
  // The two groups of four columns that step j takes, in memory order.
  static constexpr int kStep = 8;
  static constexpr int kFar = 4;
  static inline void Load(const uint8_t* p, int j, __m512i* near,
                          __m512i* far) {
    *near = _mm512_loadu_si512(p + 128 * j);
    *far = _mm512_loadu_si512(p + 128 * j + 64);
  }
};

struct Nibbles {
  static constexpr int kBlockBytes = 256;
  static constexpr int kStep = 4;
  static constexpr int kFar = 16;
  static inline void Load(const uint8_t* p, int j, __m512i* near,
                          __m512i* far) {
    const __m512i mask = _mm512_set1_epi8(15);
    const __m512i pair = _mm512_loadu_si512(p + 64 * j);
    *near = _mm512_and_si512(pair, mask);
    *far = _mm512_and_si512(_mm512_srli_epi16(pair, 4), mask);
  }
};

template <>
struct Weights<PackedFormat::kQ8> : Bytes {
  static constexpr int kScaleBytes = 32;
  static constexpr int kOffset = 128;
  static constexpr bool kMinimum = false;
  static inline __m512 Scale(const uint8_t* p) { return LoadHalves(p); }
};
template <>
struct Weights<PackedFormat::kQ4> : Nibbles {
  static constexpr int kScaleBytes = 32;
  static constexpr int kOffset = 8;
  static constexpr bool kMinimum = false;
  static inline __m512 Scale(const uint8_t* p) { return LoadHalves(p); }
};
template <>
struct Weights<PackedFormat::kQ4Min> : Nibbles {
  static constexpr int kScaleBytes = 64;
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = true;
  static inline __m512 Scale(const uint8_t* p) { return LoadHalves(p); }
  static inline __m512 Minimum(const uint8_t* p) { return LoadHalves(p + 32); }
};
template <>
struct Weights<PackedFormat::kQ4K> : Nibbles {
  static constexpr int kScaleBytes = 128;
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = true;
  static inline __m512 Scale(const uint8_t* p) { return _mm512_loadu_ps(p); }
  static inline __m512 Minimum(const uint8_t* p) {
    return _mm512_loadu_ps(p + 64);
  }
};

inline __m512i Broadcast4(const int8_t* p) {
  int32_t four;
  memcpy(&four, p, sizeof(four));
  return _mm512_set1_epi32(four);
}

// What the accumulators start from, so that they end at the exact product of
// signed weights.
template <PackedFormat F>
inline __m512i InitialDot(int32_t bias) {
  if constexpr (Weights<F>::kOffset == 0) return _mm512_setzero_si512();
  const __m512i v = _mm512_set1_epi32(bias);
  return Weights<F>::kOffset == 8 ? v : _mm512_slli_epi32(v, 4);
}

// Sum of the 32 weights of each output, times their scale.
template <PackedFormat F>
__attribute__((noinline)) __m512 ScaledSum(const uint8_t* scales,
                                           const uint8_t* values) {
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i sum = _mm512_set1_epi32(-32 * Weights<F>::kOffset);
  for (int j = 0; j < 4; ++j) {
    __m512i near, far;
    Weights<F>::Load(values, j, &near, &far);
    sum = _mm512_dpbusd_epi32(sum, near, ones);
    sum = _mm512_dpbusd_epi32(sum, far, ones);
  }
  return _mm512_mul_ps(Weights<F>::Scale(scales), _mm512_cvtepi32_ps(sum));
}

// Scaled weight sums of a panel of G groups, for many rows to share.
inline constexpr int64_t kPanelBlocks = 256;
template <int G>
struct PanelSums {
  __m512 sum[kPanelBlocks][G];
};

template <PackedFormat F, int R, int G>
struct Tile {
  using W = Weights<F>;
  const PanelSums<G>* panel;  // null: sums are made where they are needed
  bool prefetch;              // for the first rows that read the panel
  const uint8_t* scales[G];
  const uint8_t* values[G];
  Int8Row x[R];
  __m512 sum[R][G];

  inline void Dot(int64_t b, __m512i (&dot)[R][G]) const {
    for (int r = 0; r < R; ++r) {
      for (int g = 0; g < G; ++g) dot[r][g] = InitialDot<F>(x[r].info[b].bias);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      __m512i near[G], far[G];
      for (int g = 0; g < G; ++g) {
        W::Load(values[g] + b * W::kBlockBytes, j, &near[g], &far[g]);
      }
      if (prefetch) Prefetch(b, j);
      for (int r = 0; r < R; ++r) {
        const int8_t* const a = x[r].a + b * kBlock + W::kStep * j;
        const __m512i a_near = Broadcast4(a);
        const __m512i a_far = Broadcast4(a + W::kFar);
        for (int g = 0; g < G; ++g) {
          dot[r][g] = _mm512_dpbusd_epi32(dot[r][g], near[g], a_near);
          dot[r][g] = _mm512_dpbusd_epi32(dot[r][g], far[g], a_far);
        }
      }
    }
  }

  // Few rows read weights at the speed of memory, which the processor's own
  // prefetching does not reach on streams as short as a group.
  inline void Prefetch(int64_t b, int j) const {
    constexpr int kAhead = 12288;
    constexpr int kLines = W::kBlockBytes / 256;
    for (int g = 0; g < G; ++g) {
      const uint8_t* const p =
          values[g] + b * W::kBlockBytes + 64 * kLines * j + kAhead;
      for (int line = 0; line < kLines; ++line) {
        _mm_prefetch(reinterpret_cast<const char*>(p + 64 * line), _MM_HINT_T1);
      }
    }
  }

  inline bool AnyCentred(int64_t b) const {
    bool any = false;
    for (int r = 0; r < R; ++r) any |= x[r].info[b].c != 0;
    return any;
  }

  inline void AddCentres(int64_t b) {
    __m512 weights[G];
    for (int g = 0; g < G; ++g) {
      weights[g] = panel != nullptr
                       ? panel->sum[b][g]
                       : ScaledSum<F>(scales[g] + b * W::kScaleBytes,
                                      values[g] + b * W::kBlockBytes);
    }
    for (int r = 0; r < R; ++r) {
      if (x[r].info[b].c == 0) continue;
      const __m512 c = _mm512_set1_ps(x[r].info[b].c);
      for (int g = 0; g < G; ++g) {
        sum[r][g] = _mm512_fmadd_ps(c, weights[g], sum[r][g]);
      }
    }
  }

  inline void AddBlock(int64_t b) {
    __m512i dot[R][G];
    Dot(b, dot);
    __m512 scale[G];
    for (int g = 0; g < G; ++g) {
      scale[g] = W::Scale(scales[g] + b * W::kScaleBytes);
    }
    for (int r = 0; r < R; ++r) {
      const __m512 s = _mm512_set1_ps(x[r].info[b].s);
      for (int g = 0; g < G; ++g) {
        sum[r][g] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[r][g]),
                                    _mm512_mul_ps(scale[g], s), sum[r][g]);
      }
    }
    if (__builtin_expect(AnyCentred(b), 0)) AddCentres(b);
    if constexpr (W::kMinimum) {
      for (int g = 0; g < G; ++g) {
        const __m512 minimum = W::Minimum(scales[g] + b * W::kScaleBytes);
        for (int r = 0; r < R; ++r) {
          const __m512 total = _mm512_set1_ps(x[r].info[b].total);
          sum[r][g] = _mm512_fmadd_ps(minimum, total, sum[r][g]);
        }
      }
    }
  }
};

// Writes the lanes of group `group` that lie in [out_begin, out_end).
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
             int64_t out_begin, int64_t out_end, const PanelSums<G>* panel) {
  Tile<F, R, G> tile;
  tile.panel = panel;
  tile.prefetch = row == 0;
  const size_t group_bytes = GroupBytes(F, args.columns);
  const size_t scale_bytes = GroupScaleBytes(F, args.columns);
  for (int g = 0; g < G; ++g) {
    tile.scales[g] = args.weight + static_cast<size_t>(group + g) * group_bytes;
    tile.values[g] = tile.scales[g] + scale_bytes;
  }
  for (int r = 0; r < R; ++r) {
    tile.x[r] = ViewInt8Row(args.x + (row + r) * args.x_stride, args.columns);
    for (int g = 0; g < G; ++g) tile.sum[r][g] = _mm512_setzero_ps();
  }
  const int64_t blocks = BlockCount(args.columns);
  for (int64_t b = 0; b < blocks; ++b) tile.AddBlock(b);
  for (int r = 0; r < R; ++r) {
    for (int g = 0; g < G; ++g) {
      Store(args, row + r, group + g, out_begin, out_end, tile.sum[r][g]);
    }
  }
}

template <PackedFormat F, int G>
void RunRows(const LinearArgs& args, int64_t group, int64_t out_begin,
             int64_t out_end, const PanelSums<G>* panel) {
  int64_t row = 0;
  for (; row + 4 <= args.x_rows; row += 4) {
    RunTile<F, 4, G>(args, row, group, out_begin, out_end, panel);
  }
  switch (args.x_rows - row) {
    case 3:
      return RunTile<F, 3, G>(args, row, group, out_begin, out_end, panel);
    case 2:
      return RunTile<F, 2, G>(args, row, group, out_begin, out_end, panel);
    case 1:
      return RunTile<F, 1, G>(args, row, group, out_begin, out_end, panel);
    default:
      return;
  }
}

// For many rows the weight sums are made once.
template <PackedFormat F, int G>
__attribute__((noinline)) void RunManyRows(const LinearArgs& args,
                                           int64_t group, int64_t out_begin,
                                           int64_t out_end) {
  PanelSums<G> panel;
  const size_t group_bytes = GroupBytes(F, args.columns);
  const size_t scale_bytes = GroupScaleBytes(F, args.columns);
  for (int64_t b = 0; b < BlockCount(args.columns); ++b) {
    for (int g = 0; g < G; ++g) {
      const uint8_t* const scales =
          args.weight + static_cast<size_t>(group + g) * group_bytes;
      panel.sum[b][g] =
          ScaledSum<F>(scales + b * Weights<F>::kScaleBytes,
                       scales + scale_bytes + b * Weights<F>::kBlockBytes);
    }
  }
  RunRows<F, G>(args, group, out_begin, out_end, &panel);
}

template <PackedFormat F, int G>
void RunGroups(const LinearArgs& args, int64_t group, int64_t out_begin,
               int64_t out_end) {
  if (args.x_rows >= 12 && BlockCount(args.columns) <= kPanelBlocks) {
    RunManyRows<F, G>(args, group, out_begin, out_end);
  } else {
    RunRows<F, G>(args, group, out_begin, out_end, nullptr);
  }
}

template <PackedFormat F>
void Run(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  int64_t group = out_begin / kGroup;
  const int64_t end = (out_end + kGroup - 1) / kGroup;
  for (; group + 2 <= end; group += 2) {
    RunGroups<F, 2>(args, group, out_begin, out_end);
  }
  if (group < end) RunGroups<F, 1>(args, group, out_begin, out_end);
}

}  // namespace

void LinearInt8Avx512(const LinearArgs& args, int64_t out_begin,
                      int64_t out_end) {
  switch (args.format) {
    case PackedFormat::kQ8:
      return Run<PackedFormat::kQ8>(args, out_begin, out_end);
    case PackedFormat::kQ4:
      return Run<PackedFormat::kQ4>(args, out_begin, out_end);
    case PackedFormat::kQ4Min:
      return Run<PackedFormat::kQ4Min>(args, out_begin, out_end);
    case PackedFormat::kQ4K:
      return Run<PackedFormat::kQ4K>(args, out_begin, out_end);
    default:
      return LinearInt8Reference(args, out_begin, out_end);
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX512F__
