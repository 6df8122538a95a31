// One function per computable type; `count` is a multiple of its block.
// Private to kernels/common.
#ifndef INLAY_KERNELS_COMMON_DEQUANTIZE_H_
#define INLAY_KERNELS_COMMON_DEQUANTIZE_H_

#include <bit>
#include <cstdint>
#include <cstring>

#include "kernels/common/half.h"

namespace inlay::kernels::internal {

static_assert(std::endian::native == std::endian::little,
              "stored blocks are little-endian");

inline uint16_t LoadU16(const uint8_t* p) {
  uint16_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}
inline uint32_t LoadU32(const uint8_t* p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}
inline float LoadHalf(const uint8_t* p) { return HalfToFloat(LoadU16(p)); }

// The 16 levels of IQ4_NL and IQ4_XS.
inline constexpr int8_t kIq4Levels[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

void DequantizeF32(const uint8_t* src, int64_t count, float* dst);
void DequantizeF16(const uint8_t* src, int64_t count, float* dst);
void DequantizeBF16(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ4_0(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ4_1(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ5_0(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ5_1(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ8_0(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ2_K(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ3_K(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ4_K(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ5_K(const uint8_t* src, int64_t count, float* dst);
void DequantizeQ6_K(const uint8_t* src, int64_t count, float* dst);
void DequantizeIQ4_NL(const uint8_t* src, int64_t count, float* dst);
void DequantizeIQ4_XS(const uint8_t* src, int64_t count, float* dst);
void DequantizeMXFP4(const uint8_t* src, int64_t count, float* dst);

}  // namespace inlay::kernels::internal

#endif  // INLAY_KERNELS_COMMON_DEQUANTIZE_H_
