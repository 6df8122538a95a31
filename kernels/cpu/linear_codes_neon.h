// Packed integer weights as the NEON kernels read them: bytes for dot products,
// and scales as floats. Everything here has internal linkage, because files
// built for other extensions include it.
#ifndef INLAY_KERNELS_CPU_LINEAR_CODES_NEON_H_
#define INLAY_KERNELS_CPU_LINEAR_CODES_NEON_H_

#include <arm_neon.h>
#include <stdint.h>

#include "kernels/cpu/linear_layout.h"

// For parts of a tile, whose sums are in registers.
#define INLAY_ALWAYS_INLINE_ __attribute__((always_inline)) inline

namespace inlay::kernels::cpu::internal {
namespace {

// Codes of 4 outputs as bytes. A quad is 4 neighbouring columns of a block: a
// vector holds one quad of each output, as dot products want it.
template <PackedFormat F>
struct Codes {
  static constexpr PackedShape kShape = ShapeOf(F);
  static constexpr int kBits = kShape.bits;
  static constexpr int kBlockBytes = 64 * kBits;
  static constexpr int kParts = 32 / kShape.scale_columns;
  static constexpr int kQuads = 8 / kParts;  // of a part
  static constexpr bool kTable = F == PackedFormat::kQ4Lut ||
                                 F == PackedFormat::kQ4Fp ||
                                 F == PackedFormat::kK4Lut;
#if defined(__ARM_FEATURE_MATMUL_INT8)
  // Dot products take unsigned weights as they are.
  static constexpr bool kUnsigned = kBits == 8;
#else
  static constexpr bool kUnsigned = false;
#endif
  // What the bytes still exceed the weights by. Under a scale for 32 columns
  // the sum of the activations, which is at hand, takes it away at the end.
  static constexpr int kOffset =
      (kBits == 8 && !kUnsigned) || kParts == 2 ? 0 : kShape.offset;

  // The quad that is i-th in the order that reads each byte once.
  static constexpr int QuadAt(int part, int i) {
    if (kBits == 8) return i;
    return kParts == 1 ? i / 2 + i % 2 * 4 : 4 * part + i / 2 + i % 2 * 2;
  }
  // Likewise of pairs of quads: (2 n, 2 n + 1).
  static constexpr int PairAt(int part, int i) {
    if (kBits == 8) return i;
    return kParts == 1 ? i / 2 + i % 2 * 2 : 2 * part + i;
  }

  // Quad T of a block's 4 outputs at `p`, as dot products take it.
  template <int T>
  static inline auto Bytes(const uint8_t* p) {
    const uint8x16_t raw = Raw<T>(p);
    if constexpr (kUnsigned) {
      return raw;
    } else if constexpr (kTable) {
      return vqtbl1q_s8(
          vld1q_s8(F == PackedFormat::kQ4Fp ? kFp4Table : kIq4Table), raw);
    } else if constexpr (kBits == 8) {
      return vreinterpretq_s8_u8(veorq_u8(raw, vdupq_n_u8(0x80)));
    } else if constexpr (kShape.offset != kOffset) {
      return vsubq_s8(vreinterpretq_s8_u8(raw), vdupq_n_s8(kShape.offset));
    } else {
      return vreinterpretq_s8_u8(raw);
    }
  }

 private:
  // The same as it is packed.
  template <int T>
  static inline uint8x16_t Raw(const uint8_t* p) {
    if constexpr (kBits == 8) {
      return vld1q_u8(p + 64 * T);
    } else if constexpr (kBits == 2) {
      return vandq_u8(Shifted<2 * (T / 2)>(vld1q_u8(p + 64 * (T % 2))),
                      vdupq_n_u8(3));
    } else {
      const uint8x16_t pair = vld1q_u8(p + 64 * (T % 4));
      const uint8x16_t low =
          T < 4 ? vandq_u8(pair, vdupq_n_u8(15)) : vshrq_n_u8(pair, 4);
      if constexpr (kBits == 4) return low;
      // Two bits from the lowest on for quads 0-1, 2-3, 4-5 and 6-7.
      const uint8x16_t high = vld1q_u8(p + 256 + 64 * (T % 2));
      return vorrq_u8(
          low, vandq_u8(Shifted<2 * (T / 2) - 4>(high), vdupq_n_u8(0x30)));
    }
  }

  // Right by n bits, or left by -n.
  template <int N>
  static inline uint8x16_t Shifted(uint8x16_t x) {
    if constexpr (N > 0) return vshrq_n_u8(x, N);
    if constexpr (N < 0) return vshlq_n_u8(x, -N);
    return x;
  }
};

// sum += four bytes of each output times those of lane L of `a`.
template <int L>
inline int32x4_t DotLane(int32x4_t sum, int8x16_t w, int8x16_t a) {
  return vdotq_laneq_s32(sum, w, a, L);
}
// sum += four bytes of each output times those of the same lane of `a`.
inline int32x4_t Dot(int32x4_t sum, int8x16_t w, int8x16_t a) {
  return vdotq_s32(sum, w, a);
}
#if defined(__ARM_FEATURE_MATMUL_INT8)
template <int L>
inline int32x4_t DotLane(int32x4_t sum, uint8x16_t w, int8x16_t a) {
  return vusdotq_laneq_s32(sum, w, a, L);
}
inline int32x4_t Dot(int32x4_t sum, uint8x16_t w, int8x16_t a) {
  return vusdotq_s32(sum, w, a);
}
#endif

inline float32x4_t FromHalf(const uint8_t* p) {
  const uint16x4_t bits = vld1_u16(reinterpret_cast<const uint16_t*>(p));
  return vcvt_f32_f16(vreinterpret_f16_u16(bits));
}

inline float32x4_t FromBfloat16(const uint8_t* p) {
  const uint16x4_t bits = vld1_u16(reinterpret_cast<const uint16_t*>(p));
  return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
}

// Eight bytes as floats.
inline void FromBytes(int8x8_t bytes, float32x4_t* to) {
  const int16x8_t wide = vmovl_s8(bytes);
  to[0] = vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
  to[1] = vcvtq_f32_s32(vmovl_s16(vget_high_s16(wide)));
}
inline void FromBytes(uint8x8_t bytes, float32x4_t* to) {
  const uint16x8_t wide = vmovl_u8(bytes);
  to[0] = vcvtq_f32_u32(vmovl_u16(vget_low_u16(wide)));
  to[1] = vcvtq_f32_u32(vmovl_u16(vget_high_u16(wide)));
}

// Scales and minima of 4 V outputs, block after block from the first.
template <PackedFormat F, int V>
struct Scales {
  static constexpr PackedShape kShape = ShapeOf(F);
  static constexpr int kMinima = kShape.minimum ? 2 : 1;

  const uint8_t* group;
  int64_t first;  // output in the group: 0 or 8
  float32x4_t scale[V], minimum[V];

  inline void Load(int64_t block, int part) {
    if constexpr (kShape.super) {
      LoadBytes(block, part);
      return;
    }
    const uint8_t* const p = group + block * ScaleStep(F) + first * 2;
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
      scale[v] = F == PackedFormat::kQ4Fp ? FromBfloat16(p + 8 * v)
                                          : FromHalf(p + 8 * v);
      if (kShape.minimum) minimum[v] = FromHalf(p + 32 + 8 * v);
    }
  }

 private:
  // The scales over those in bytes; of 256 columns.
  float32x4_t over_[V] = {}, minimum_over_[V] = {};

  inline void LoadBytes(int64_t block, int part) {
    const uint8_t* const p = group + block / 8 * ScaleStep(F);
    if (block % 8 == 0 && part == 0) {
#pragma GCC unroll 16
      for (int v = 0; v < V; ++v) {
        over_[v] = FromHalf(p + first * 2 + 8 * v);
        if (kShape.minimum) {
          minimum_over_[v] = FromHalf(p + 32 + first * 2 + 8 * v);
        }
      }
    }
    constexpr int kParts = 32 / kShape.scale_columns;
    const int64_t index = block % 8 * kParts + part;
    const uint8_t* const bytes =
        p + 32 * kMinima + index * 16 * kMinima + first;
#pragma GCC unroll 16
    for (int v = 0; v < V; v += 2) {
      const uint8x8_t s = vld1_u8(bytes + 4 * v);
      if constexpr (kShape.minimum) {
        FromBytes(s, scale + v);
        FromBytes(vld1_u8(bytes + 16 + 4 * v), minimum + v);
      } else {
        FromBytes(vreinterpret_s8_u8(s), scale + v);
      }
    }
#pragma GCC unroll 16
    for (int v = 0; v < V; ++v) {
      scale[v] = vmulq_f32(over_[v], scale[v]);
      if (kShape.minimum) {
        minimum[v] = vnegq_f32(vmulq_f32(minimum_over_[v], minimum[v]));
      }
    }
  }
};

// Adds up the weights of a part of a block, without their offset, as floats.
template <PackedFormat F, int P, int V>
__attribute__((noinline)) void SumCodes(const uint8_t* block,
                                        float32x4_t* sums) {
  using C = Codes<F>;
#pragma GCC unroll 16
  for (int v = 0; v < V; ++v, block += 16) {
    int32x4_t sum = vdupq_n_s32(-C::kOffset * 4 * C::kQuads);
    const int8x16_t ones = vdupq_n_s8(1);
    sum = Dot(sum, C::template Bytes<P * 4>(block), ones);
    sum = Dot(sum, C::template Bytes<P * 4 + 1>(block), ones);
    sum = Dot(sum, C::template Bytes<P * 4 + 2>(block), ones);
    sum = Dot(sum, C::template Bytes<P * 4 + 3>(block), ones);
    if constexpr (C::kParts == 1) {
      sum = Dot(sum, C::template Bytes<4>(block), ones);
      sum = Dot(sum, C::template Bytes<5>(block), ones);
      sum = Dot(sum, C::template Bytes<6>(block), ones);
      sum = Dot(sum, C::template Bytes<7>(block), ones);
    }
    sums[v] = vcvtq_f32_s32(sum);
  }
}

// Sum of 16 activations.
inline int32_t SumActivations(int8x16_t a) {
  return vaddvq_s32(vdotq_s32(vdupq_n_s32(0), a, vdupq_n_s8(1)));
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_CODES_NEON_H_
