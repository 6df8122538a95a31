// Bytes and F32 scales from packed groups of any integer format.
#if defined(__AVX512F__)
#include <immintrin.h>

#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/linear_panel_avx512.h"

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
inline __m512 LoadBfloat16(const uint8_t* p) {
  const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}
inline __m512 LoadUnsigned(const uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline __m512 LoadSigned(const uint8_t* p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
inline __m512 Negate(__m512 v) {
  return _mm512_xor_ps(v, _mm512_set1_ps(-0.0f));
}
inline __m512i Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
inline void Save(uint8_t* p, __m512i v) { _mm512_storeu_si512(p, v); }

// What brings codes to an offset of 128, or leaves those with minima.
struct Shift {
  explicit Shift(PackedFormat format)
      : add(_mm512_set1_epi8(static_cast<char>(
            ShapeOf(format).minimum ? 0 : 128 - ShapeOf(format).offset))) {}
  __m512i operator()(__m512i codes) const {
    return _mm512_add_epi8(codes, add);
  }
  __m512i add;
};

// Table entries plus 128, for 4-bit codes.
struct Table {
  explicit Table(const int8_t (&entries)[16]) {
    const __m128i v =
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(entries));
    table = _mm512_broadcast_i32x4(
        _mm_xor_si128(v, _mm_set1_epi8(static_cast<char>(0x80))));
  }
  __m512i operator()(__m512i codes) const {
    return _mm512_shuffle_epi8(table, codes);
  }
  __m512i table;
};

template <typename Map>
void FillNibbles(const uint8_t* values, int64_t count, const Map& map,
                 PanelGroup* panel) {
  const __m512i mask = _mm512_set1_epi8(15);
  for (int64_t b = 0; b < count; ++b) {
    for (int j = 0; j < 4; ++j) {
      const __m512i pair = Load(values + 256 * b + 64 * j);
      uint8_t* const to = panel->copy[b] + 64 * j;
      Save(to, map(_mm512_and_si512(pair, mask)));
      Save(to + 256, map(_mm512_and_si512(_mm512_srli_epi16(pair, 4), mask)));
    }
  }
}

// The two bits of entry `e` of a 2-bit plane.
inline __m512i TwoBits(const uint8_t* plane, int e) {
  const __m512i bits = Load(plane + 64 * (e % 2));
  return _mm512_and_si512(
      _mm512_srl_epi16(bits, _mm_cvtsi32_si128(2 * (e / 2))),
      _mm512_set1_epi8(3));
}

void FillTwoBits(const uint8_t* values, int64_t count, const Shift& shift,
                 PanelGroup* panel) {
  for (int64_t b = 0; b < count; ++b) {
    for (int e = 0; e < 8; ++e) {
      Save(panel->copy[b] + 64 * e, shift(TwoBits(values + 128 * b, e)));
    }
  }
}

void FillSixBits(const uint8_t* values, int64_t count, const Shift& shift,
                 PanelGroup* panel) {
  const __m512i mask = _mm512_set1_epi8(15);
  for (int64_t b = 0; b < count; ++b) {
    const uint8_t* const low = values + 384 * b;
    for (int e = 0; e < 8; ++e) {
      const __m512i pair = Load(low + 64 * (e % 4));
      const __m512i nibble =
          _mm512_and_si512(e < 4 ? pair : _mm512_srli_epi16(pair, 4), mask);
      const __m512i top = _mm512_slli_epi16(TwoBits(low + 256, e), 4);
      Save(panel->copy[b] + 64 * e, shift(_mm512_or_si512(nibble, top)));
    }
  }
}

void FillValues(PackedFormat format, const uint8_t* values, int64_t count,
                PanelGroup* panel) {
  switch (format) {
    case PackedFormat::kQ4Lut:
    case PackedFormat::kK4Lut:
      return FillNibbles(values, count, Table(kIq4Table), panel);
    case PackedFormat::kQ4Fp:
      return FillNibbles(values, count, Table(kFp4Table), panel);
    default:
      break;
  }
  const Shift shift(format);
  switch (ShapeOf(format).bits) {
    case 2:
      return FillTwoBits(values, count, shift, panel);
    case 4:
      return FillNibbles(values, count, shift, panel);
    case 6:
      return FillSixBits(values, count, shift, panel);
    default:
      return;
  }
}

void FillScales(PackedFormat format, const uint8_t* scales, int64_t count,
                PanelGroup* panel) {
  const PackedShape shape = ShapeOf(format);
  const size_t step = ScaleStep(format);
  for (int64_t b = 0; b < count; ++b, scales += step) {
    _mm512_store_ps(panel->scale[b][0], format == PackedFormat::kQ4Fp
                                            ? LoadBfloat16(scales)
                                            : LoadHalves(scales));
    if (shape.minimum) {
      _mm512_store_ps(panel->minimum[b][0], LoadHalves(scales + 32));
    }
  }
}

// `first` is a multiple of 8 blocks.
void FillSuperScales(PackedFormat format, const uint8_t* scales, int64_t count,
                     PanelGroup* panel) {
  const PackedShape shape = ShapeOf(format);
  const size_t step = ScaleStep(format);
  const int halves = 32 / shape.scale_columns;
  const int part = shape.minimum ? 32 : 16;
  for (int64_t b = 0; b < count; ++b) {
    const uint8_t* const super = scales + b / 8 * step;
    const uint8_t* own = super + (shape.minimum ? 64 : 32) +
                         static_cast<size_t>(b % 8 * halves * part);
    for (int half = 0; half < halves; ++half, own += part) {
      const __m512 s = shape.minimum ? LoadUnsigned(own) : LoadSigned(own);
      _mm512_store_ps(panel->scale[b][half],
                      _mm512_mul_ps(LoadHalves(super), s));
      if (!shape.minimum) continue;
      const __m512 m =
          _mm512_mul_ps(LoadHalves(super + 32), LoadUnsigned(own + 16));
      _mm512_store_ps(panel->minimum[b][half], Negate(m));
    }
  }
}

}  // namespace

void FillPanelAvx512(PackedFormat format, const uint8_t* group, int64_t columns,
                     int64_t first, int64_t count, PanelGroup* panel) {
  const PackedShape shape = ShapeOf(format);
  const uint8_t* const values =
      group + GroupScaleBytes(format, columns) + first * (64 * shape.bits);
  if (shape.bits == 8) {
    panel->bytes = values;
  } else {
    panel->bytes = panel->copy[0];
    FillValues(format, values, count, panel);
  }
  if (shape.super) {
    FillSuperScales(format,
                    group + static_cast<size_t>(first / 8) * ScaleStep(format),
                    count, panel);
  } else {
    FillScales(format, group + static_cast<size_t>(first) * ScaleStep(format),
               count, panel);
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __AVX512F__
