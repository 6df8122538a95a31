// Packed integer weights for tiles, with AVX-512: the codes of a block as
// bytes, its scales, and the block as pairs of bfloat16. Private to the AMX
// files; everything here has internal linkage.
#ifndef INLAY_KERNELS_CPU_AMX_WEIGHTS_H_
#define INLAY_KERNELS_CPU_AMX_WEIGHTS_H_

#include <immintrin.h>
#include <stdint.h>

#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/linear_store_avx512.h"

// GCC 12 takes the undefined pass-through operands of its own intrinsics for
// uninitialised variables (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace inlay::kernels::cpu::internal {
namespace {

template <PackedFormat F>
constexpr bool kHasTable =
    F == PackedFormat::kQ4Lut || F == PackedFormat::kK4Lut ||
    F == PackedFormat::kQ4Fp;
// What the bytes of Codes are above the weights' integers: entries of tables
// are stored 128 up, so that codes of every format are bytes without sign.
template <PackedFormat F>
constexpr int kCodeOffset = kHasTable<F> ? 128 : ShapeOf(F).offset;

// Nibbles that are the code itself.
template <PackedFormat F>
constexpr bool kIsNibble = ShapeOf(F).bits == 4 && !kHasTable<F>;

template <PackedFormat F>
constexpr int64_t kBlockBytes = 64 * ShapeOf(F).bits;

inline __m512i LoadBytes(const uint8_t* p) { return _mm512_loadu_si512(p); }

template <int kShift, int kMask>
inline __m512i Field(__m512i bytes) {
  return _mm512_and_si512(_mm512_srli_epi16(bytes, kShift),
                          _mm512_set1_epi8(kMask));
}

inline __m512i LowFour(const uint8_t* block, int j) {
  const __m512i pair = LoadBytes(block + 64 * (j % 4));
  return j < 4 ? Field<0, 15>(pair) : Field<4, 15>(pair);
}

inline __m512i LowTwo(const uint8_t* block, int j) {
  const __m512i four = LoadBytes(block + 64 * (j % 2));
  switch (j / 2) {
    case 0:
      return Field<0, 3>(four);
    case 1:
      return Field<2, 3>(four);
    case 2:
      return Field<4, 3>(four);
    default:
      return Field<6, 3>(four);
  }
}

// Codes of columns 4 j + i of a block, in byte i of each output's 32 bits.
template <PackedFormat F>
inline __m512i Codes(const uint8_t* block, int j) {
  constexpr int kBits = ShapeOf(F).bits;
  if constexpr (kBits == 8) {
    return LoadBytes(block + 64 * j);
  } else if constexpr (kBits == 2) {
    return LowTwo(block, j);
  } else if constexpr (kBits == 6) {
    return _mm512_or_si512(LowFour(block, j),
                           _mm512_slli_epi16(LowTwo(block + 256, j), 4));
  } else if constexpr (kHasTable<F>) {
    const int8_t* const entries =
        F == PackedFormat::kQ4Fp ? kFp4Table : kIq4Table;
    const __m512i table = _mm512_broadcast_i32x4(_mm_xor_si128(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(entries)),
        _mm_set1_epi8(-128)));
    return _mm512_shuffle_epi8(table, LowFour(block, j));
  } else {
    return LowFour(block, j);
  }
}

// Scale and minimum of 32 or 16 columns of 16 outputs.
struct PartScale {
  __m512 scale;
  __m512 minimum;
};

inline __m512 LoadHalves(const uint8_t* p) {
  return _mm512_cvtph_ps(
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}

inline __m128i LoadSixteen(const uint8_t* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

inline __m512 LoadUnsigned(const uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(LoadSixteen(p)));
}

// Of the part that begins at column `part` times the columns of a scale.
template <PackedFormat F>
inline PartScale LoadScale(const uint8_t* group, int64_t part) {
  constexpr PackedShape kShape = ShapeOf(F);
  PartScale s = {_mm512_setzero_ps(), _mm512_setzero_ps()};
  if constexpr (kShape.super) {
    constexpr int64_t kParts = kSuperBlock / kShape.scale_columns;
    const uint8_t* const head =
        group + part / kParts * static_cast<int64_t>(ScaleStep(F));
    if constexpr (kShape.minimum) {
      const uint8_t* const p = head + 64 + part % kParts * 32;
      s.scale = _mm512_mul_ps(LoadHalves(head), LoadUnsigned(p));
      const __m512 product =
          _mm512_mul_ps(LoadHalves(head + 32), LoadUnsigned(p + 16));
      s.minimum = _mm512_xor_ps(product, _mm512_set1_ps(-0.0f));
    } else {
      const __m512i bytes =
          _mm512_cvtepi8_epi32(LoadSixteen(head + 32 + part % kParts * 16));
      s.scale = _mm512_mul_ps(LoadHalves(head), _mm512_cvtepi32_ps(bytes));
    }
  } else {
    const uint8_t* const p = group + part * static_cast<int64_t>(ScaleStep(F));
    if constexpr (F == PackedFormat::kQ4Fp) {
      const __m256i halves =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
      s.scale = _mm512_castsi512_ps(
          _mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
    } else {
      s.scale = LoadHalves(p);
    }
    if constexpr (kShape.minimum) s.minimum = LoadHalves(p + 32);
  }
  return s;
}

// Two columns of 16 outputs, rounded to nearest even, as a row of a tile.
inline __m512i Pair(__m512 even, __m512 odd) {
  const __m512i halves =
      reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(odd, even));
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11,
                                         26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, halves);
}

// Codes that begin at bit kBit of each 32 bits to weights. With the exponent of
// 2^(23 - kBit) the bits are the float kBase + code. Where scale * (kBase +
// offset) is exact, as it is with the 11 bits of a half, one multiply-add gives
// the weight, exact too.
template <PackedFormat F, int kBit>
inline __m512 Weight(__m512i bits, const PartScale& s) {
  constexpr int32_t kCodes = kIsNibble<F> ? 15 : 255;
  constexpr int32_t kMask = kCodes << kBit;
  constexpr int32_t kExponent = (127 + 23 - kBit) << 23;
  constexpr float kBase = static_cast<float>(1 << (23 - kBit));
  constexpr float kZero = kBase + static_cast<float>(kCodeOffset<F>);
  constexpr int kAndOr = 0xea;  // (a & b) | c
  const __m512 raised = _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
      bits, _mm512_set1_epi32(kMask), _mm512_set1_epi32(kExponent), kAndOr));
  if constexpr (!ShapeOf(F).super && !ShapeOf(F).minimum) {
    return _mm512_fmadd_ps(s.scale, raised,
                           _mm512_mul_ps(s.scale, _mm512_set1_ps(-kZero)));
  } else {
    const __m512 code = _mm512_sub_ps(raised, _mm512_set1_ps(kZero));
    return ShapeOf(F).minimum ? _mm512_fmadd_ps(s.scale, code, s.minimum)
                              : _mm512_mul_ps(s.scale, code);
  }
}

// Bytes of columns 4 j + i as two rows of a tile.
template <PackedFormat F>
inline void BytesToPairs(__m512i bytes, const PartScale& s, uint8_t* to) {
  _mm512_storeu_si512(to, Pair(Weight<F, 8>(_mm512_slli_epi32(bytes, 8), s),
                               Weight<F, 8>(bytes, s)));
  _mm512_storeu_si512(to + 64,
                      Pair(Weight<F, 8>(_mm512_srli_epi32(bytes, 8), s),
                           Weight<F, 8>(_mm512_srli_epi32(bytes, 16), s)));
}

// The same for both nibbles of each byte, the high ones 16 columns on. Two
// shifts put every nibble where the significand has room for it.
template <PackedFormat F>
inline void NibblesToPairs(__m512i pair, const PartScale& low,
                           const PartScale& high, uint8_t* to) {
  const __m512i up = _mm512_slli_epi32(pair, 12);
  const __m512i down = _mm512_srli_epi32(pair, 12);
  _mm512_storeu_si512(to,
                      Pair(Weight<F, 12>(up, low), Weight<F, 8>(pair, low)));
  _mm512_storeu_si512(to + 64,
                      Pair(Weight<F, 16>(pair, low), Weight<F, 12>(down, low)));
  _mm512_storeu_si512(to + 512,
                      Pair(Weight<F, 16>(up, high), Weight<F, 12>(pair, high)));
  _mm512_storeu_si512(
      to + 576, Pair(Weight<F, 8>(down, high), Weight<F, 16>(down, high)));
}

// A block of a group as 16 rows of a tile: [16][16][2] bfloat16.
template <PackedFormat F>
inline void BlockToPairs(const uint8_t* group, const uint8_t* values,
                         int64_t block, uint8_t* pairs) {
  constexpr int kParts = 32 / ShapeOf(F).scale_columns;
  const uint8_t* const codes = values + block * kBlockBytes<F>;
  const PartScale low = LoadScale<F>(group, block * kParts);
  const PartScale high =
      kParts == 2 ? LoadScale<F>(group, block * kParts + 1) : low;
  if constexpr (kIsNibble<F>) {
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      NibblesToPairs<F>(LoadBytes(codes + 64 * j), low, high, pairs + 128 * j);
    }
  } else {
#pragma GCC unroll 8
    for (int j = 0; j < 8; ++j) {
      BytesToPairs<F>(Codes<F>(codes, j), j < 4 ? low : high, pairs + 128 * j);
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_AMX_WEIGHTS_H_
