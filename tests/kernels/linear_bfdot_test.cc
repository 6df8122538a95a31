// BF16 products on Arm, to the bit of a model of BFDOT.
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/common/half.h"
#include "tests/kernels/linear_problem.h"

#if defined(__aarch64__)

namespace inlay::kernels::cpu {
namespace {

class LinearBfdotTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!IsaSupported(Isa::kNeonI8mm)) {
      GTEST_SKIP() << "this processor lacks I8MM or BF16";
    }
  }
};

double Flush(double x) { return std::fabs(x) < FLT_MIN ? x * 0.0 : x; }

// a + b to a float, rounded to odd: towards zero, and then the last bit is set
// if anything was lost. The sum of two floats is a double and the exact error
// of that (Knuth, The Art of Computer Programming, volume 2, 4.2.2).
float AddToOdd(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  const double error = (a - (sum - part)) + (b - part);
  if (!std::isfinite(sum)) return static_cast<float>(sum);
  float near = static_cast<float>(sum);
  if (std::isinf(near)) return near;
  if (near == sum && error == 0) return static_cast<float>(Flush(near));
  const bool beyond = std::fabs(near) > std::fabs(sum) ||
                      (near == sum && (error < 0) != (sum < 0));
  uint32_t bits = std::bit_cast<uint32_t>(near);
  if (beyond) --bits;
  return static_cast<float>(Flush(std::bit_cast<float>(bits | 1)));
}

// Arm ARM, BFDotAdd: two products, exact but for subnormal numbers, their sum,
// and that added.
float ModelDot(float sum, const uint16_t* w, const uint16_t* x) {
  double products[2];
  for (int i = 0; i < 2; ++i) {
    products[i] =
        Flush(Flush(Bfloat16ToFloat(w[i])) * Flush(Bfloat16ToFloat(x[i])));
    if (std::fabs(products[i]) > FLT_MAX) products[i] *= INFINITY;
  }
  return AddToOdd(Flush(sum), AddToOdd(products[0], products[1]));
}

float ModelOutput(const Problem& p, int64_t row, int64_t out) {
  float sum = 0;
  for (int64_t k = 0; k < p.columns; k += 2) {
    uint16_t w[2] = {}, x[2] = {};
    for (int64_t i = 0; i < 2 && k + i < p.columns; ++i) {
      std::memcpy(&w[i],
                  &p.raw[static_cast<size_t>(out * p.columns + k + i) * 2], 2);
      x[i] = FloatToBfloat16(
          p.x[static_cast<size_t>(row)][static_cast<size_t>(k + i)]);
    }
    sum = ModelDot(sum, w, x);
  }
  return sum;
}

void ExpectModelBits(const Problem& p) {
  Prepared prepared(Isa::kNeonI8mm, p);
  ASSERT_EQ(prepared.recipe.packed, PackedFormat::kBF16Pairs);
  const std::vector<float> y = prepared.Run();
  for (int64_t r = 0; r < p.x_rows; ++r) {
    for (int64_t o = 0; o < p.rows; ++o) {
      const float got = y[static_cast<size_t>(r * p.rows + o)];
      const float expected = ModelOutput(p, r, o);
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(got)) << r << " " << o;
      } else {
        ASSERT_EQ(std::bit_cast<uint32_t>(got),
                  std::bit_cast<uint32_t>(expected))
            << p.columns << " columns, row " << r << " output " << o << ": "
            << got << " " << expected;
      }
    }
  }
}

TEST_F(LinearBfdotTest, BitsAreThoseOfTheModel) {
  uint32_t seed = 1;
  for (int64_t columns : {1, 2, 3, 7, 8, 9, 64, 131, 600}) {
    for (int64_t rows : {1, 16, 17, 33}) {
      ExpectModelBits(Problem(DType::kBF16, rows, columns, 6, ++seed));
      if (HasFatalFailure()) return;
    }
  }
}

// Products and sums near both ends of the exponents, and what is no number.
TEST_F(LinearBfdotTest, BitsAreThoseOfTheModelAtTheEdges) {
  std::mt19937 random(3);
  const auto number = [&random](int exponent) {
    const float m = static_cast<float>(random() % 513) / 256 - 1;
    return std::ldexp(m, static_cast<int>(random() % 7) - 3 + exponent);
  };
  for (int scale : {-140, -126, -63, 0, 64, 124}) {
    for (int other : {-140, -126, -60, 0, 62}) {
      Problem p(DType::kBF16, 32, 25, 5, 7);
      for (size_t i = 0; i < p.weights.size(); ++i) {
        const uint16_t bits = FloatToBfloat16(number(scale));
        std::memcpy(&p.raw[2 * i], &bits, sizeof(bits));
      }
      for (std::vector<float>& row : p.x) {
        for (float& value : row) value = number(other);
      }
      p.x[1][7] = INFINITY;
      p.x[2][24] = NAN;
      ExpectModelBits(p);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(LinearBfdotTest, PrepareGivesTheBytesOfPlainCode) {
  std::mt19937 random(4);
  for (int64_t columns : {1, 7, 8, 33, 200}) {
    std::vector<float> x = RandomRow(columns, random);
    x[0] = std::bit_cast<float>(0x3f808000u);  // a tie
    if (columns > 7) {
      x[1] = std::bit_cast<float>(0x3f818000u);
      x[2] = 1e-41f;
      x[3] = -0.0f;
      x[4] = std::numeric_limits<float>::max();
      x[5] = -INFINITY;
      x[6] = NAN;
    }
    const size_t bytes = ActivationRowBytes(ActivationFormat::kBF16, columns);
    std::vector<uint8_t> expected(bytes, 1), actual(bytes, 1);
    PrepareActivation(Isa::kReference, ActivationFormat::kBF16, x.data(),
                      columns, expected.data());
    PrepareActivation(Isa::kNeonI8mm, ActivationFormat::kBF16, x.data(),
                      columns, actual.data());
    EXPECT_EQ(actual, expected) << columns;
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // __aarch64__
