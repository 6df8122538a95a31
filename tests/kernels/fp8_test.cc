// E4M3 against the formula of its specification, every byte and the numbers
// between and around them.
#include "kernels/common/fp8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace inlay::kernels {
namespace {

double Formula(int byte) {
  const int exponent = byte >> 3 & 15, mantissa = byte & 7;
  const double magnitude = exponent == 0
                               ? std::ldexp(mantissa, -9)
                               : std::ldexp(8 + mantissa, exponent - 10);
  return byte & 0x80 ? -magnitude : magnitude;
}

TEST(Fp8, DecodesEveryByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const float value = Fp8E4m3ToFloat(static_cast<uint8_t>(byte));
    if ((byte & 0x7f) == 0x7f) {
      EXPECT_TRUE(std::isnan(value)) << byte;
    } else {
      EXPECT_EQ(value, static_cast<float>(Formula(byte))) << byte;
      EXPECT_EQ(std::signbit(value), byte >= 0x80) << byte;
      EXPECT_EQ(FloatToFp8E4m3(value), byte);
    }
  }
  EXPECT_EQ(Formula(0x7e), kFp8E4m3Max);
}

TEST(Fp8, RoundsToNearestEven) {
  for (int byte = 0; byte < 0x7e; ++byte) {
    const float low = static_cast<float>(Formula(byte));
    const float high = static_cast<float>(Formula(byte + 1));
    const float middle = (low + high) / 2;  // exact
    EXPECT_EQ(FloatToFp8E4m3(middle), byte % 2 == 0 ? byte : byte + 1);
    EXPECT_EQ(FloatToFp8E4m3(std::nextafter(middle, 0.0f)), byte);
    EXPECT_EQ(FloatToFp8E4m3(std::nextafter(middle, 500.0f)), byte + 1);
    EXPECT_EQ(FloatToFp8E4m3(-std::nextafter(middle, 500.0f)),
              (byte + 1) | 0x80);
  }
}

TEST(Fp8, Saturates) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float large : {448.1f, 464.0f, 480.0f, 1e30f, infinity}) {
    EXPECT_EQ(FloatToFp8E4m3(large), 0x7e) << large;
    EXPECT_EQ(FloatToFp8E4m3(-large), 0xfe) << large;
  }
  EXPECT_EQ(FloatToFp8E4m3(std::nanf("")) & 0x7f, 0x7f);
  EXPECT_EQ(FloatToFp8E4m3(1e-30f), 0);
  EXPECT_EQ(FloatToFp8E4m3(-0.0f), 0x80);
}

}  // namespace
}  // namespace inlay::kernels
