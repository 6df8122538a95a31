// Our own exponential: the same bits on every processor, and simple enough for
// the compiler to vectorise.
#ifndef INLAY_KERNELS_COMMON_EXP_H_
#define INLAY_KERNELS_COMMON_EXP_H_

#include <bit>
#include <cstdint>

namespace inlay::kernels {

// e^x for x <= 0 within 2 units in the last place; 0 below -87, where the
// result would soon be subnormal. x = n ln 2 + r with |r| <= ln(2) / 2, ln 2
// in two parts (Cody and Waite, 1980), and the Taylor polynomial of e^r, whose
// first missing term is below 6e-9.
inline float ExpOfNonPositive(float x) {
  constexpr float kLowest = -87.0f;
  // Adding 1.5 * 2^23 rounds to an integer, left in the low mantissa bits.
  constexpr float kRounder = 12582912.0f;
  const float shifted = x * 1.44269504f + kRounder;
  const float n = shifted - kRounder;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * (r * r) + r + 1.0f;
  const uint32_t exponent =
      std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(kRounder);
  const float scale = std::bit_cast<float>((exponent + 127u) << 23);
  // Below the lowest, whatever came out is masked away: a branch here, or a
  // clamp above, would keep loops from vectorising.
  // As integers, because negative floats order by magnitude there.
  const uint32_t keep =
      0u - static_cast<uint32_t>(std::bit_cast<uint32_t>(x) <=
                                 std::bit_cast<uint32_t>(kLowest));
  return std::bit_cast<float>(std::bit_cast<uint32_t>(p * scale) & keep);
}

}  // namespace inlay::kernels

#endif  // INLAY_KERNELS_COMMON_EXP_H_
