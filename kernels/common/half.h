// Conversions between 16-bit and 32-bit floats, in integer arithmetic where
// rounding or subnormals matter, so that they do not depend on the rounding
// or flush-to-zero mode of the calling thread.
#ifndef INLAY_KERNELS_COMMON_HALF_H_
#define INLAY_KERNELS_COMMON_HALF_H_

#include <bit>
#include <cstdint>

namespace inlay::kernels {

// IEEE 754 binary16 to binary32; exact, NaN payloads are kept.
constexpr float HalfToFloat(uint16_t half) {
  const uint32_t sign = (uint32_t{half} & 0x8000u) << 16;
  const uint32_t magnitude = (uint32_t{half} & 0x7fffu) << 13;
  uint32_t bits = 0;
  if (magnitude < 0x00800000u) {
    // Zero or subnormal, m * 2^-24: (1 + m / 1024) * 2^-14 - 2^-14 is exact
    // and neither operand is subnormal. The mask keeps zero positive.
    const float value =
        std::bit_cast<float>(magnitude + 0x38800000u) - 0x1p-14f;
    bits = std::bit_cast<uint32_t>(value) & 0x7fffffffu;
  } else if (magnitude >= 0x0f800000u) {
    bits = magnitude + 0x70000000u;  // infinity, NaN
  } else {
    bits = magnitude + 0x38000000u;  // exponent bias 15 -> 127
  }
  return std::bit_cast<float>(sign | bits);
}

// binary32 to binary16, round to nearest even; NaN stays a (quiet) NaN.
constexpr uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t half = 0;
  if (magnitude > 0x7f800000u) {
    half = 0x7e00u | ((magnitude >> 13) & 0x03ffu);
  } else if (magnitude >= 0x477ff000u) {
    half = 0x7c00u;  // 65520 and above round to infinity
  } else if (magnitude >= 0x38800000u) {
    const uint32_t odd = (magnitude >> 13) & 1u;
    half = (magnitude - 0x38000000u + 0x0fffu + odd) >> 13;
  } else if (magnitude > 0x33000000u) {
    // Subnormal: the 24-bit significand shifted to units of 2^-24.
    const uint32_t shift = 126u - (magnitude >> 23);
    const uint32_t significand = (magnitude & 0x007fffffu) | 0x00800000u;
    const uint32_t rest = significand & ((1u << shift) - 1u);
    const uint32_t middle = 1u << (shift - 1u);
    half = significand >> shift;
    if (rest > middle || (rest == middle && (half & 1u) != 0)) ++half;
  }
  return static_cast<uint16_t>(sign | half);
}

// bfloat16: the upper half of a binary32.
constexpr float Bfloat16ToFloat(uint16_t value) {
  return std::bit_cast<float>(uint32_t{value} << 16);
}

// Round to nearest even; NaN stays a (quiet) NaN.
constexpr uint16_t FloatToBfloat16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return static_cast<uint16_t>((bits >> 16) | 0x0040u);
  }
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace inlay::kernels

#endif  // INLAY_KERNELS_COMMON_HALF_H_
