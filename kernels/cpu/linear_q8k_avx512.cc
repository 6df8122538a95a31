// Bytes with a scale and minimum for every 16 columns, AVX-512 VNNI.
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

inline __m512i Broadcast4(const int8_t* p) {
  int32_t four;
  memcpy(&four, p, sizeof(four));
  return _mm512_set1_epi32(four);
}

inline int32_t Sum16(const int8_t* a) {
  __m128i s =
      _mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(1),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
  return _mm_cvtsi128_si32(s);
}

// 16 columns of 16 outputs.
struct HalfBlock {
  const uint8_t* values;
  const uint8_t* scales;

  inline __m512i Value(int j) const {
    return _mm512_loadu_si512(values + 64 * j);
  }
  inline __m512 Scale() const { return _mm512_loadu_ps(scales); }
  inline __m512 Minimum() const { return _mm512_loadu_ps(scales + 64); }

  // Scaled sum of the weights, without their minimum.
  __attribute__((noinline)) __m512 Sum() const {
    __m512i sum = _mm512_set1_epi32(-16 * 128);
    for (int j = 0; j < 4; ++j) {
      sum = _mm512_dpbusd_epi32(sum, Value(j), _mm512_set1_epi8(1));
    }
    return _mm512_mul_ps(Scale(), _mm512_cvtepi32_ps(sum));
  }
};

template <int R>
inline void AddHalf(const HalfBlock& w, const Int8Row* x, int64_t block,
                    int64_t half, __m512* sum) {
  __m512i dot[R];
  int32_t sums[R];
  const int8_t* a[R];
  for (int r = 0; r < R; ++r) {
    a[r] = x[r].a + block * kBlock + half * 16;
    sums[r] = Sum16(a[r]);
    dot[r] = _mm512_set1_epi32(-128 * sums[r]);
  }
  for (int j = 0; j < 4; ++j) {
    const __m512i value = w.Value(j);
    for (int r = 0; r < R; ++r) {
      dot[r] = _mm512_dpbusd_epi32(dot[r], value, Broadcast4(a[r] + 4 * j));
    }
  }
  const __m512 scale = w.Scale();
  const __m512 minimum = w.Minimum();
  for (int r = 0; r < R; ++r) {
    const BlockInfo& info = x[r].info[block];
    sum[r] =
        _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[r]),
                        _mm512_mul_ps(scale, _mm512_set1_ps(info.s)), sum[r]);
    if (info.c != 0) {
      sum[r] = _mm512_fmadd_ps(_mm512_set1_ps(info.c), w.Sum(), sum[r]);
    }
    const float total = info.s * static_cast<float>(sums[r]) + 16.0f * info.c;
    sum[r] = _mm512_fmadd_ps(minimum, _mm512_set1_ps(total), sum[r]);
  }
}

template <int R>
void RunTile(const LinearArgs& args, int64_t row, int64_t group,
             int64_t out_begin, int64_t out_end) {
  const uint8_t* const scales =
      args.weight +
      static_cast<size_t>(group) * GroupBytes(PackedFormat::kQ8K, args.columns);
  const uint8_t* const values =
      scales + GroupScaleBytes(PackedFormat::kQ8K, args.columns);
  Int8Row x[R];
  __m512 sum[R];
  for (int r = 0; r < R; ++r) {
    x[r] = ViewInt8Row(args.x + (row + r) * args.x_stride, args.columns);
    sum[r] = _mm512_setzero_ps();
  }
  for (int64_t b = 0; b < BlockCount(args.columns); ++b) {
    for (int64_t h = 0; h < 2; ++h) {
      const HalfBlock w = {values + b * 512 + h * 256,
                           scales + b * 256 + h * 128};
      AddHalf<R>(w, x, b, h, sum);
    }
  }
  for (int r = 0; r < R; ++r) {
    float lanes[kGroup];
    _mm512_storeu_ps(lanes, sum[r]);
    for (int64_t lane = 0; lane < kGroup; ++lane) {
      const int64_t out = group * kGroup + lane;
      if (out < out_begin || out >= out_end) continue;
      StoreOutput(args, row + r, out, lanes[lane]);
    }
  }
}

}  // namespace

void LinearQ8KAvx512(const LinearArgs& args, int64_t out_begin,
                     int64_t out_end) {
  for (int64_t group = out_begin / kGroup; group * kGroup < out_end; ++group) {
    int64_t row = 0;
    for (; row + 8 <= args.x_rows; row += 8) {
      RunTile<8>(args, row, group, out_begin, out_end);
    }
    for (; row + 2 <= args.x_rows; row += 2) {
      RunTile<2>(args, row, group, out_begin, out_end);
    }
    for (; row < args.x_rows; ++row) {
      RunTile<1>(args, row, group, out_begin, out_end);
    }
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX512F__
