// FP8 E4M3 as in the OCP 8-bit Floating Point Specification 1.0: bias 7, no
// infinities, one NaN for each sign (0x7f, 0xff), largest value 448. In integer
// arithmetic, like half.h.
#ifndef INLAY_KERNELS_COMMON_FP8_H_
#define INLAY_KERNELS_COMMON_FP8_H_

#include <bit>
#include <cstdint>

namespace inlay::kernels {

inline constexpr float kFp8E4m3Max = 448.0f;

// Exact.
constexpr float Fp8E4m3ToFloat(uint8_t value) {
  const uint32_t sign = (uint32_t{value} & 0x80u) << 24;
  const uint32_t magnitude = uint32_t{value} & 0x7fu;
  uint32_t bits = 0;
  if (magnitude == 0x7fu) {
    bits = 0x7fc00000u;
  } else if (magnitude >= 8u) {
    bits = (magnitude << 20) + (120u << 23);  // exponent bias 7 -> 127
  } else {
    // Zero or subnormal: a whole number of units of 2^-9, and exact.
    bits = std::bit_cast<uint32_t>(static_cast<float>(magnitude) * 0x1p-9f);
  }
  return std::bit_cast<float>(sign | bits);
}

// Rounds to nearest even. What is beyond the range, infinities included,
// becomes the largest value of its sign; NaN stays NaN.
constexpr uint8_t FloatToFp8E4m3(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 24) & 0x80u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t result = 0;
  if (magnitude > 0x7f800000u) {
    result = 0x7fu;
  } else if (magnitude >= 0x43e00000u) {
    result = 0x7eu;  // 448 and above
  } else if (magnitude >= 0x3c800000u) {
    // Normal, 2^-6 and above.
    const uint32_t odd = (magnitude >> 20) & 1u;
    result = (magnitude - (120u << 23) + 0x7ffffu + odd) >> 20;
  } else if (magnitude > 0x3a800000u) {
    // Subnormal: the 24-bit significand shifted to units of 2^-9.
    const uint32_t shift = 141u - (magnitude >> 23);
    const uint32_t significand = (magnitude & 0x007fffffu) | 0x00800000u;
    const uint32_t rest = significand & ((1u << shift) - 1u);
    const uint32_t middle = 1u << (shift - 1u);
    result = significand >> shift;
    if (rest > middle || (rest == middle && (result & 1u) != 0)) ++result;
  }
  return static_cast<uint8_t>(sign | result);
}

}  // namespace inlay::kernels

#endif  // INLAY_KERNELS_COMMON_FP8_H_
