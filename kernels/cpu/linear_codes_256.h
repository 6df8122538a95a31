// Codes and scales of the packed integer formats in vectors of 8 outputs, from
// what linear_layout.h says of each format. For the files of AVX2 and AVX-VNNI;
// everything here has internal linkage.
//
// A block has eight quads of four columns. `p` points to the block's values, or
// to the group's scales, of the first of the 8 outputs.
#ifndef INLAY_KERNELS_CPU_LINEAR_CODES_256_H_
#define INLAY_KERNELS_CPU_LINEAR_CODES_256_H_

#include <immintrin.h>
#include <stdint.h>

#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

inline __m256i LoadVector(const uint8_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

// Unsigned codes of quad j.
template <int kBits>
inline __m256i Codes(const uint8_t* p, int j) {
  if constexpr (kBits == 8) {
    return LoadVector(p + 64 * j);
  } else if constexpr (kBits == 4) {
    const __m256i pairs = LoadVector(p + 64 * (j % 4));
    return _mm256_and_si256(j < 4 ? pairs : _mm256_srli_epi16(pairs, 4),
                            _mm256_set1_epi8(15));
  } else if constexpr (kBits == 2) {
    const __m256i fours = LoadVector(p + 64 * (j % 2));
    return _mm256_and_si256(_mm256_srli_epi16(fours, 2 * (j / 2)),
                            _mm256_set1_epi8(3));
  } else {
    static_assert(kBits == 6);
    const __m256i fours = LoadVector(p + 256 + 64 * (j % 2));
    const int up = 4 - 2 * (j / 2);
    const __m256i high =
        up >= 0 ? _mm256_slli_epi16(fours, up) : _mm256_srli_epi16(fours, -up);
    return _mm256_or_si256(Codes<4>(p, j),
                           _mm256_and_si256(high, _mm256_set1_epi8(0x30)));
  }
}

// The entries of a table as unsigned bytes have this offset.
inline constexpr int kTableOffset = 128;

// What is taken from unsigned values.
template <PackedFormat F>
inline constexpr int kOffsetOf = HasTable(F) ? kTableOffset : ShapeOf(F).offset;

// The largest magnitude of a value.
template <PackedFormat F, bool kSigned>
constexpr int LargestOf() {
  if (kSigned && kOffsetOf<F> != 0) return kOffsetOf<F>;
  return (1 << (HasTable(F) ? 8 : ShapeOf(F).bits)) - 1;
}

// Values of quad j: signed, or with the offset.
template <PackedFormat F, bool kSigned>
inline __m256i Values(const uint8_t* p, int j) {
  const __m256i codes = Codes<ShapeOf(F).bits>(p, j);
  if constexpr (HasTable(F)) {
    __m256i table = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(TableOf(F))));
    if constexpr (!kSigned) {
      table = _mm256_xor_si256(table, _mm256_set1_epi8(-128));
    }
    return _mm256_shuffle_epi8(table, codes);
  } else if constexpr (kSigned && ShapeOf(F).offset != 0) {
    return _mm256_sub_epi8(
        codes, _mm256_set1_epi8(static_cast<char>(ShapeOf(F).offset)));
  } else {
    return codes;
  }
}

inline __m256 HalvesOf(const uint8_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}

inline __m256 Bfloat16Of(const uint8_t* p) {
  const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(
      _mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

// Scales of part `part` of block b; parts are those that have one scale.
template <PackedFormat F>
struct Scales {
  static constexpr PackedShape kShape = ShapeOf(F);
  static constexpr int64_t kParts = kBlock / kShape.scale_columns;
  static constexpr int64_t kKinds = kShape.minimum ? 2 : 1;
  static constexpr int64_t kPerStep = kShape.super ? kSuperBlock / kBlock : 1;

  static inline const uint8_t* Step(const uint8_t* p, int64_t b) {
    return p + b / kPerStep * static_cast<int64_t>(ScaleStep(F));
  }
  // The bytes under a super block's scales; 8 outputs are 16 bytes of halves.
  static inline __m128i PartBytes(const uint8_t* group, int64_t b, int part,
                                  int half, int kind) {
    const int64_t index = b % kPerStep * kParts + part;
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(
        Step(group, b) + 32 * kKinds + (index * kKinds + kind) * kGroup +
        8 * half));
  }

  // `half`: of the group.
  static inline __m256 Scale(const uint8_t* group, int64_t b, int part,
                             int half) {
    const uint8_t* const p = Step(group, b) + 16 * half;
    if constexpr (kShape.super) {
      const __m128i bytes = PartBytes(group, b, part, half, 0);
      const __m256i wide = kShape.minimum ? _mm256_cvtepu8_epi32(bytes)
                                          : _mm256_cvtepi8_epi32(bytes);
      return _mm256_mul_ps(HalvesOf(p), _mm256_cvtepi32_ps(wide));
    } else {
      return F == PackedFormat::kQ4Fp ? Bfloat16Of(p) : HalvesOf(p);
    }
  }

  // sum + minimum * total.
  static inline __m256 AddMinimum(const uint8_t* group, int64_t b, int part,
                                  int half, __m256 total, __m256 sum) {
    const __m256 e = HalvesOf(Step(group, b) + 32 + 16 * half);
    if constexpr (kShape.super) {
      const __m128i bytes = PartBytes(group, b, part, half, 1);
      const __m256 m = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
      return _mm256_fnmadd_ps(_mm256_mul_ps(e, m), total, sum);
    } else {
      return _mm256_fmadd_ps(e, total, sum);
    }
  }
};

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_CODES_256_H_
