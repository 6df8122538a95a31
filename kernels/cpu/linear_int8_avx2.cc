// Integer formats with AVX2: tiles of R rows by half a group, 8 outputs.
// The same operations in the same order as with AVX-512.
#if defined(__AVX2__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

inline __m256i Load(const uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

inline __m256 LoadHalves(const uint8_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

inline __m256i Broadcast4(const int8_t* p) {
  int32_t four;
  memcpy(&four, p, sizeof(four));
  return _mm256_set1_epi32(four);
}

// Unsigned bytes up to 255: products are taken in 16 bits, even and odd
// columns apart, because vpmaddubsw would saturate.
struct Bytes {
  static constexpr int kBlockBytes = 512;
  template <int R>
  static inline void Dot(const uint8_t* p, const int8_t* const* a,
                         __m256i* dot) {
    for (int j = 0; j < 8; ++j) {
      const __m256i w = Load(p + 64 * j);
      const __m256i even = _mm256_and_si256(w, _mm256_set1_epi16(255));
      const __m256i odd = _mm256_srli_epi16(w, 8);
      for (int r = 0; r < R; ++r) {
        const __m256i x = Broadcast4(a[r] + 4 * j);
        const __m256i x_even = _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8);
        const __m256i x_odd = _mm256_srai_epi16(x, 8);
        dot[r] = _mm256_add_epi32(
            dot[r], _mm256_add_epi32(_mm256_madd_epi16(even, x_even),
                                     _mm256_madd_epi16(odd, x_odd)));
      }
    }
  }
};

// Nibbles: 16 products of at most 15 * 127 fit 16 bits.
struct Nibbles {
  static constexpr int kBlockBytes = 256;
  template <int R>
  static inline void Dot(const uint8_t* p, const int8_t* const* a,
                         __m256i* dot) {
    const __m256i mask = _mm256_set1_epi8(15);
    __m256i sum[R];
    for (int r = 0; r < R; ++r) sum[r] = _mm256_setzero_si256();
    for (int j = 0; j < 4; ++j) {
      const __m256i pair = Load(p + 64 * j);
      const __m256i near = _mm256_and_si256(pair, mask);
      const __m256i far = _mm256_and_si256(_mm256_srli_epi16(pair, 4), mask);
      for (int r = 0; r < R; ++r) {
        const __m256i low =
            _mm256_maddubs_epi16(near, Broadcast4(a[r] + 4 * j));
        const __m256i high =
            _mm256_maddubs_epi16(far, Broadcast4(a[r] + 16 + 4 * j));
        sum[r] = _mm256_add_epi16(sum[r], _mm256_add_epi16(low, high));
      }
    }
    for (int r = 0; r < R; ++r) {
      dot[r] = _mm256_add_epi32(
          dot[r], _mm256_madd_epi16(sum[r], _mm256_set1_epi16(1)));
    }
  }
};

template <PackedFormat F>
struct Weights;
template <>
struct Weights<PackedFormat::kQ8> : Bytes {
  static constexpr int kScaleBytes = 32;
  static constexpr int kOffset = 128;
  static constexpr bool kMinimum = false;
  static inline __m256 Scale(const uint8_t* p) { return LoadHalves(p); }
  static constexpr int kLaneBytes = 2;
};
template <>
struct Weights<PackedFormat::kQ4> : Nibbles {
  static constexpr int kScaleBytes = 32;
  static constexpr int kOffset = 8;
  static constexpr bool kMinimum = false;
  static inline __m256 Scale(const uint8_t* p) { return LoadHalves(p); }
  static constexpr int kLaneBytes = 2;
};
template <>
struct Weights<PackedFormat::kQ4Min> : Nibbles {
  static constexpr int kScaleBytes = 64;
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = true;
  static constexpr int kLaneBytes = 2;
  static inline __m256 Scale(const uint8_t* p) { return LoadHalves(p); }
  static inline __m256 Minimum(const uint8_t* p) { return LoadHalves(p + 32); }
};
template <>
struct Weights<PackedFormat::kQ4K> : Nibbles {
  static constexpr int kScaleBytes = 128;
  static constexpr int kOffset = 0;
  static constexpr bool kMinimum = true;
  static constexpr int kLaneBytes = 4;
  static inline __m256 Scale(const uint8_t* p) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(p));
  }
  static inline __m256 Minimum(const uint8_t* p) { return Scale(p + 64); }
};

// Sum of the 32 weights of each output, without their offset.
template <PackedFormat F>
__attribute__((noinline)) __m256 SumWeights(const uint8_t* p) {
  alignas(32) int8_t ones[kBlock];
  memset(ones, 1, sizeof(ones));
  const int8_t* const a = ones;
  __m256i sum = _mm256_set1_epi32(-32 * Weights<F>::kOffset);
  Weights<F>::template Dot<1>(p, &a, &sum);
  return _mm256_cvtepi32_ps(sum);
}

template <PackedFormat F, int R>
struct Tile {
  using W = Weights<F>;
  const uint8_t* scales;
  const uint8_t* values;
  Int8Row x[R];
  __m256 sum[R];

  inline void AddBlock(int64_t b) {
    __m256i dot[R];
    const int8_t* a[R];
    bool centred = false;
    for (int r = 0; r < R; ++r) {
      a[r] = x[r].a + b * kBlock;
      dot[r] = _mm256_set1_epi32(x[r].info[b].bias * (W::kOffset / 8));
      centred |= x[r].info[b].c != 0;
    }
    const uint8_t* const block = values + b * W::kBlockBytes;
    W::template Dot<R>(block, a, dot);
    const __m256 scale = W::Scale(scales + b * W::kScaleBytes);
    for (int r = 0; r < R; ++r) {
      const __m256 s = _mm256_set1_ps(x[r].info[b].s);
      sum[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[r]),
                               _mm256_mul_ps(scale, s), sum[r]);
    }
    if (__builtin_expect(centred, 0)) AddCentres(b, scale, block);
    if constexpr (W::kMinimum) {
      const __m256 minimum = W::Minimum(scales + b * W::kScaleBytes);
      for (int r = 0; r < R; ++r) {
        sum[r] = _mm256_fmadd_ps(minimum, _mm256_set1_ps(x[r].info[b].total),
                                 sum[r]);
      }
    }
  }

  inline void AddCentres(int64_t b, __m256 scale, const uint8_t* block) {
    const __m256 weights = _mm256_mul_ps(scale, SumWeights<F>(block));
    for (int r = 0; r < R; ++r) {
      const float c = x[r].info[b].c;
      if (c == 0) continue;
      sum[r] = _mm256_fmadd_ps(_mm256_set1_ps(c), weights, sum[r]);
    }
  }
};

// Outputs [8 * half, 8 * half + 8) of rows [row, row + R).
template <PackedFormat F, int R>
void RunTile(const LinearArgs& args, int64_t row, int64_t half,
             int64_t out_begin, int64_t out_end) {
  Tile<F, R> tile;
  const uint8_t* const group =
      args.weight + static_cast<size_t>(half / 2) * GroupBytes(F, args.columns);
  tile.scales = group + half % 2 * 8 * Weights<F>::kLaneBytes;
  tile.values = group + GroupScaleBytes(F, args.columns) + half % 2 * 32;
  for (int r = 0; r < R; ++r) {
    tile.x[r] = ViewInt8Row(args.x + (row + r) * args.x_stride, args.columns);
    tile.sum[r] = _mm256_setzero_ps();
  }
  const int64_t blocks = BlockCount(args.columns);
  for (int64_t b = 0; b < blocks; ++b) tile.AddBlock(b);
  for (int r = 0; r < R; ++r) {
    float sum[8];
    _mm256_storeu_ps(sum, tile.sum[r]);
    for (int64_t lane = 0; lane < 8; ++lane) {
      const int64_t out = half * 8 + lane;
      if (out < out_begin || out >= out_end) continue;
      StoreOutput(args, row + r, out, sum[lane]);
    }
  }
}

template <PackedFormat F>
void Run(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  for (int64_t half = out_begin / 8; half * 8 < out_end; ++half) {
    int64_t row = 0;
    for (; row + 4 <= args.x_rows; row += 4) {
      RunTile<F, 4>(args, row, half, out_begin, out_end);
    }
    for (; row < args.x_rows; ++row) {
      RunTile<F, 1>(args, row, half, out_begin, out_end);
    }
  }
}

}  // namespace

void LinearInt8Avx2(const LinearArgs& args, int64_t out_begin,
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

#endif  // __AVX2__
