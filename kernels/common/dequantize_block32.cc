// Plain types and types with blocks of 32 elements. In the 4-bit types, byte i
// of a block holds element i in its low and element i + 16 in its high half.
#include <algorithm>

#include "kernels/common/dequantize.h"

namespace inlay::kernels::internal {
namespace {

constexpr int kBlock32 = 32;
constexpr int kHalfBlock = 16;

// value = scale * level(nibble), the block being scale, 16 bytes.
template <typename Level>
void ExpandNibbles(float scale, const uint8_t* quants, Level level,
                   float* dst) {
  for (int i = 0; i < kHalfBlock; ++i) {
    dst[i] = scale * level(quants[i] & 0x0f);
    dst[i + kHalfBlock] = scale * level(quants[i] >> 4);
  }
}

// Element i of a 5-bit block: four bits from `quants`, bit i of `high`.
inline int FiveBits(const uint8_t* quants, uint32_t high, int i) {
  const int low =
      i < kHalfBlock ? quants[i] & 0x0f : quants[i - kHalfBlock] >> 4;
  return low | static_cast<int>(((high >> i) & 1u) << 4);
}

// Half the value of an E8M0 exponent, 2^(e - 128), because the levels below
// are doubled to be integers. Exponents 0 and 1 give subnormals; 255, a NaN in
// the OCP specification, is taken as an exponent as the oracle does.
inline float HalfOfE8M0(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e
                                    : static_cast<uint32_t>(e - 1) << 23);
}

// E2M1 values, doubled. The negative zero is stored as plain zero.
constexpr int8_t kE2M1Doubled[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                     0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace

void DequantizeF32(const uint8_t* src, int64_t count, float* dst) {
  std::memcpy(dst, src, static_cast<size_t>(count) * sizeof(float));
}

void DequantizeF16(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t i = 0; i < count; ++i) dst[i] = LoadHalf(src + 2 * i);
}

void DequantizeBF16(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t i = 0; i < count; ++i) {
    dst[i] = Bfloat16ToFloat(LoadU16(src + 2 * i));
  }
}

void DequantizeQ4_0(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock32, src += 18, dst += kBlock32) {
    ExpandNibbles(
        LoadHalf(src), src + 2, [](int q) { return static_cast<float>(q - 8); },
        dst);
  }
}

void DequantizeQ4_1(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock32, src += 20, dst += kBlock32) {
    const float scale = LoadHalf(src);
    const float minimum = LoadHalf(src + 2);
    const uint8_t* quants = src + 4;
    for (int i = 0; i < kHalfBlock; ++i) {
      dst[i] = scale * static_cast<float>(quants[i] & 0x0f) + minimum;
      dst[i + kHalfBlock] =
          scale * static_cast<float>(quants[i] >> 4) + minimum;
    }
  }
}

void DequantizeQ5_0(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock32, src += 22, dst += kBlock32) {
    const float scale = LoadHalf(src);
    const uint32_t high = LoadU32(src + 2);
    for (int i = 0; i < kBlock32; ++i) {
      dst[i] = scale * static_cast<float>(FiveBits(src + 6, high, i) - 16);
    }
  }
}

void DequantizeQ5_1(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock32, src += 24, dst += kBlock32) {
    const float scale = LoadHalf(src);
    const float minimum = LoadHalf(src + 2);
    const uint32_t high = LoadU32(src + 4);
    for (int i = 0; i < kBlock32; ++i) {
      dst[i] = scale * static_cast<float>(FiveBits(src + 8, high, i)) + minimum;
    }
  }
}

void DequantizeQ8_0(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock32, src += 34, dst += kBlock32) {
    const float scale = LoadHalf(src);
    for (int i = 0; i < kBlock32; ++i) {
      dst[i] = static_cast<float>(static_cast<int8_t>(src[2 + i])) * scale;
    }
  }
}

void DequantizeIQ4_NL(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock32, src += 18, dst += kBlock32) {
    ExpandNibbles(
        LoadHalf(src), src + 2,
        [](int q) { return static_cast<float>(kIq4Levels[q]); }, dst);
  }
}

void DequantizeMXFP4(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock32, src += 17, dst += kBlock32) {
    ExpandNibbles(
        HalfOfE8M0(src[0]), src + 1,
        [](int q) { return static_cast<float>(kE2M1Doubled[q]); }, dst);
  }
}

}  // namespace inlay::kernels::internal
