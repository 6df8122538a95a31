// The generator against published vectors, and our exponential against libm.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include "gtest/gtest.h"
#include "kernels/common/exp.h"
#include "kernels/common/philox.h"

namespace inlay::kernels {
namespace {

// Known answers published with the paper's reference code (Random123,
// kat_vectors, "philox 4x32 10").
TEST(PhiloxTest, KnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PhiloxTest, UniformDrawsFillTheIntervalEvenly) {
  constexpr int kBins = 64, kDraws = 64000;
  std::array<int, kBins> counts = {};
  for (uint64_t position = 0; position < kDraws; ++position) {
    const double u = UniformDraw(1234, position, 0);
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    ++counts[static_cast<int>(u * kBins)];
  }
  double chi_square = 0;
  for (const int count : counts) {
    chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  // 63 degrees of freedom: both tails at five standard deviations.
  EXPECT_LT(chi_square, 63 + 5 * std::sqrt(126.0));
  EXPECT_GT(chi_square, 63 - 5 * std::sqrt(126.0));
}

TEST(PhiloxTest, EveryPartOfTheKeyCounts) {
  const double u = UniformDraw(1, 2, 3);
  constexpr uint64_t kHigh = uint64_t{1} << 40;
  for (const double other :
       {UniformDraw(0, 2, 3), UniformDraw(1 + kHigh, 2, 3),
        UniformDraw(1, 3, 3), UniformDraw(1, 2 + kHigh, 3),
        UniformDraw(1, 2, 4), UniformDraw(1, 2, 3 + kHigh)}) {
    EXPECT_NE(u, other);
  }
}

TEST(ExpTest, WithinTwoUnitsInTheLastPlace) {
  double worst = 0;
  for (float x = 0; x > -87.0f; x -= 0.00037f) {
    const double want = std::exp(static_cast<double>(x));
    const double unit = std::ldexp(1.0, std::ilogb(want) - 23);
    worst = std::max(
        worst,
        std::abs(static_cast<double>(ExpOfNonPositive(x)) - want) / unit);
  }
  EXPECT_LT(worst, 2.0);
  EXPECT_EQ(ExpOfNonPositive(0.0f), 1.0f);
  EXPECT_EQ(ExpOfNonPositive(-0.0f), 1.0f);
  EXPECT_EQ(ExpOfNonPositive(-88.0f), 0.0f);
  EXPECT_EQ(ExpOfNonPositive(-INFINITY), 0.0f);
  EXPECT_GT(ExpOfNonPositive(-87.0f), 0.0f);
}

}  // namespace
}  // namespace inlay::kernels
