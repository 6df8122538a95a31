// Bytes with a scale and minimum for every 16 columns, AVX2.
#if defined(__AVX2__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

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

// Products of four unsigned bytes with four signed ones, in 16 bits, even and
// odd columns apart, because vpmaddubsw would saturate.
inline __m256i Dot4(__m256i w, __m256i x) {
  const __m256i even = _mm256_and_si256(w, _mm256_set1_epi16(255));
  const __m256i odd = _mm256_srli_epi16(w, 8);
  const __m256i x_even = _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8);
  const __m256i x_odd = _mm256_srai_epi16(x, 8);
  return _mm256_add_epi32(_mm256_madd_epi16(even, x_even),
                          _mm256_madd_epi16(odd, x_odd));
}

// 16 columns of 8 outputs.
struct HalfBlock {
  const uint8_t* values;
  const float* scales;

  inline __m256i Value(int j) const {
    return _mm256_loadu_si256(
        reinterpret_cast<const __m256i*>(values + 64 * j));
  }
  inline __m256 Scale() const { return _mm256_loadu_ps(scales); }
  inline __m256 Minimum() const { return _mm256_loadu_ps(scales + kGroup); }

  // Scaled sum of the weights, without their minimum.
  __attribute__((noinline)) __m256 Sum() const {
    __m256i sum = _mm256_set1_epi32(-16 * 128);
    for (int j = 0; j < 4; ++j) {
      sum = _mm256_add_epi32(sum, Dot4(Value(j), _mm256_set1_epi8(1)));
    }
    return _mm256_mul_ps(Scale(), _mm256_cvtepi32_ps(sum));
  }
};

template <int R>
inline void AddHalf(const HalfBlock& w, const Int8Row* x, int64_t block,
                    int64_t half, __m256* sum) {
  __m256i dot[R];
  int32_t sums[R];
  const int8_t* a[R];
  for (int r = 0; r < R; ++r) {
    a[r] = x[r].a + block * kBlock + half * 16;
    sums[r] = Sum16(a[r]);
    dot[r] = _mm256_set1_epi32(-128 * sums[r]);
  }
  for (int j = 0; j < 4; ++j) {
    const __m256i value = w.Value(j);
    for (int r = 0; r < R; ++r) {
      dot[r] = _mm256_add_epi32(dot[r], Dot4(value, Broadcast4(a[r] + 4 * j)));
    }
  }
  const __m256 scale = w.Scale();
  const __m256 minimum = w.Minimum();
  for (int r = 0; r < R; ++r) {
    const BlockInfo& info = x[r].info[block];
    sum[r] =
        _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[r]),
                        _mm256_mul_ps(scale, _mm256_set1_ps(info.s)), sum[r]);
    if (info.c != 0) {
      sum[r] = _mm256_fmadd_ps(_mm256_set1_ps(info.c), w.Sum(), sum[r]);
    }
    const float total = info.s * static_cast<float>(sums[r]) + 16.0f * info.c;
    sum[r] = _mm256_fmadd_ps(minimum, _mm256_set1_ps(total), sum[r]);
  }
}

// Outputs [8 * half, 8 * half + 8).
template <int R>
void RunTile(const LinearArgs& args, int64_t row, int64_t half,
             int64_t out_begin, int64_t out_end) {
  const uint8_t* const group =
      args.weight + static_cast<size_t>(half / 2) *
                        GroupBytes(PackedFormat::kQ8K, args.columns);
  const uint8_t* const scales = group + half % 2 * 32;
  const uint8_t* const values =
      group + GroupScaleBytes(PackedFormat::kQ8K, args.columns) + half % 2 * 32;
  Int8Row x[R];
  __m256 sum[R];
  for (int r = 0; r < R; ++r) {
    x[r] = ViewInt8Row(args.x + (row + r) * args.x_stride, args.columns);
    sum[r] = _mm256_setzero_ps();
  }
  for (int64_t b = 0; b < BlockCount(args.columns); ++b) {
    for (int64_t h = 0; h < 2; ++h) {
      const HalfBlock w = {
          values + b * 512 + h * 256,
          reinterpret_cast<const float*>(scales + b * 256 + h * 128)};
      AddHalf<R>(w, x, b, h, sum);
    }
  }
  for (int r = 0; r < R; ++r) {
    float lanes[8];
    _mm256_storeu_ps(lanes, sum[r]);
    for (int64_t lane = 0; lane < 8; ++lane) {
      const int64_t out = half * 8 + lane;
      if (out < out_begin || out >= out_end) continue;
      StoreOutput(args, row + r, out, lanes[lane]);
    }
  }
}

}  // namespace

void LinearQ8KAvx2(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  for (int64_t half = out_begin / 8; half * 8 < out_end; ++half) {
    int64_t row = 0;
    for (; row + 4 <= args.x_rows; row += 4) {
      RunTile<4>(args, row, half, out_begin, out_end);
    }
    for (; row < args.x_rows; ++row) {
      RunTile<1>(args, row, half, out_begin, out_end);
    }
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX2__
