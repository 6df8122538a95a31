// BF16 weights where the processor multiplies them by itself: exact bits
// against a model of VDPBF16PS, and double precision over the rounded
// activations.
#include <algorithm>
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

namespace inlay::kernels::cpu {
namespace {

constexpr Isa kIsa = Isa::kAvx512Bf16;

class LinearBf16Test : public testing::Test {
 protected:
  void SetUp() override {
    if (!IsaSupported(kIsa)) GTEST_SKIP() << "needs AVX-512 BF16";
  }
};

float Flush(float x) {
  return std::fabs(x) < FLT_MIN ? std::copysign(0.0f, x) : x;
}

// Intel SDM, volume 2, VDPBF16PS: the second elements first, one rounding for
// each product and sum, subnormal numbers as zero before and after.
float ModelDot(float sum, const uint16_t w[2], const uint16_t x[2]) {
  for (int i = 1; i >= 0; --i) {
    sum = Flush(std::fma(Flush(Bfloat16ToFloat(w[i])),
                         Flush(Bfloat16ToFloat(x[i])), Flush(sum)));
  }
  return sum;
}

uint16_t WeightBits(const Problem& p, int64_t out, int64_t k) {
  if (k >= p.columns) return 0;
  uint16_t bits;
  std::memcpy(&bits, &p.raw[static_cast<size_t>(out * p.columns + k) * 2], 2);
  return bits;
}

float ModelOutput(const Problem& p, int64_t row, int64_t out) {
  const std::vector<float>& x = p.x[static_cast<size_t>(row)];
  float sum = 0;
  for (int64_t k = 0; k < p.columns; k += 2) {
    uint16_t w[2], v[2] = {};
    for (int64_t i = 0; i < 2; ++i) {
      w[i] = WeightBits(p, out, k + i);
      if (k + i < p.columns) {
        v[i] = FloatToBfloat16(x[static_cast<size_t>(k + i)]);
      }
    }
    sum = ModelDot(sum, w, v);
  }
  return sum;
}

void ExpectModelBits(Prepared& prepared) {
  const Problem& p = prepared.problem;
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
            << p.rows << "x" << p.columns << " row " << r << " out " << o
            << ": " << got << " " << expected;
      }
    }
  }
}

void SetWeight(Problem* p, int64_t out, int64_t k, float value) {
  const uint16_t bits = FloatToBfloat16(value);
  std::memcpy(&p->raw[static_cast<size_t>(out * p->columns + k) * 2], &bits, 2);
  p->weights[static_cast<size_t>(out * p->columns + k)] = Bfloat16ToFloat(bits);
}

TEST_F(LinearBf16Test, RecipeTakesPairs) {
  const LinearRecipe recipe = SelectRecipe(kIsa, DType::kBF16, 33, false);
  EXPECT_EQ(recipe.packed, PackedFormat::kBF16Pairs);
  EXPECT_EQ(recipe.activation, ActivationFormat::kBF16);
  const LinearRecipe below =
      SelectRecipe(Isa::kAvx512, DType::kBF16, 33, false);
  EXPECT_EQ(below.activation, ActivationFormat::kF32);
}

TEST_F(LinearBf16Test, BitsAreThoseOfTheModel) {
  uint32_t seed = 1;
  for (int64_t columns : {1, 2, 3, 7, 8, 9, 64, 131}) {
    for (int64_t rows : {1, 16, 17, 32, 33, 50}) {
      const Problem problem(DType::kBF16, rows, columns, 13, ++seed);
      Prepared prepared(kIsa, problem);
      ExpectModelBits(prepared);
      if (HasFatalFailure()) return;
    }
  }
}

// Sums that cancel, and products near both ends of the exponents.
TEST_F(LinearBf16Test, BitsAreThoseOfTheModelAtTheEdges) {
  std::mt19937 random(3);
  for (int scale : {-149, -130, -126, -110, -63, 0, 60, 64, 120}) {
    Problem problem(DType::kBF16, 32, 24, 5, 7);
    for (int64_t o = 0; o < problem.rows; ++o) {
      for (int64_t k = 0; k < problem.columns; ++k) {
        const int e = static_cast<int>(random() % 7) - 3;
        const float m = static_cast<float>(random() % 513) / 256 - 1;
        SetWeight(&problem, o, k, std::ldexp(m, e + scale));
      }
    }
    for (int other : {-140, -126, -60, 0, 63}) {
      for (std::vector<float>& row : problem.x) {
        for (float& v : row) {
          const float m = static_cast<float>(random() % 513) / 256 - 1;
          v = std::ldexp(m, static_cast<int>(random() % 5) + other);
          // The rounding instruction takes subnormal floats as zero.
          v = Flush(v);
        }
      }
      Prepared prepared(kIsa, problem);
      ExpectModelBits(prepared);
      if (HasFatalFailure()) return;
    }
  }
}

// Documented bound: 1e-6 of the sum of magnitudes, with the largest weight.
TEST_F(LinearBf16Test, NearDoublePrecisionOfTheRoundedRows) {
  uint32_t seed = 40;
  for (int64_t columns : {255, 2048, 8192, 8193}) {
    for (int64_t x_rows : {1, 11, 12, 13, 26}) {
      const Problem p(DType::kBF16, 49, columns, x_rows, ++seed);
      Prepared prepared(kIsa, p);
      const std::vector<float> y = prepared.Run();
      for (int64_t i = 0; i < x_rows * p.rows; ++i) {
        const int64_t r = i / p.rows, o = i % p.rows;
        double sum = 0, most = 0, reach = 0;
        for (int64_t k = 0; k < columns; ++k) {
          const double x = prepared.X(r, k);
          const double w = p.weights[static_cast<size_t>(o * columns + k)];
          sum += w * x;
          most = std::max(most, std::fabs(w));
          reach += std::fabs(x);
        }
        ASSERT_NEAR(y[static_cast<size_t>(i)], sum, 1e-6 * most * reach);
      }
    }
  }
}

// Every number of rows from 1 to 512, each with outputs cut at random.
TEST_F(LinearBf16Test, BitsDoNotDependOnRowsOrSplits) {
  std::mt19937 random(5);
  const Problem p(DType::kBF16, 83, 37, 512, 9);
  Prepared prepared(kIsa, p);
  const std::vector<float> all = prepared.Run();
  for (int64_t count = 1; count <= 512; ++count) {
    const int64_t row = static_cast<int64_t>(random() % (513 - count));
    Guarded y(static_cast<size_t>(count * p.rows) * 4);
    for (int64_t out = 0; out < p.rows;) {
      const int64_t end = std::min<int64_t>(p.rows, out + 1 + random() % 60);
      Linear(kIsa, prepared.Args(y.floats(), row, count), out, end);
      out = end;
    }
    ASSERT_EQ(std::memcmp(y.data(), &all[static_cast<size_t>(row * p.rows)],
                          y.size()),
              0)
        << count << " rows from " << row;
  }
}

TEST_F(LinearBf16Test, AddsBiasThenAccumulatesInItsRangeAlone) {
  const Problem p(DType::kBF16, 37, 51, 14, 9);
  Prepared prepared(kIsa, p);
  const std::vector<float> plain = prepared.Run();
  std::vector<float> y(plain.size(), 3.5f);
  LinearArgs args = prepared.Args(y.data(), 0, 14);
  args.bias = p.bias.data();
  args.accumulate = true;
  Linear(kIsa, args, 5, 33);
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t out = i % 37;
    const bool in = out >= 5 && out < 33;
    ASSERT_EQ(y[i], in ? 3.5f + (plain[i] + p.bias[out]) : 3.5f) << i;
  }
}

// IEEE 754: what is not finite stays in its row or its output.
TEST_F(LinearBf16Test, WhatIsNotFiniteStaysInItsRowOrOutput) {
  const float kInf = std::numeric_limits<float>::infinity();
  for (float bad : {std::nanf(""), kInf, -kInf}) {
    const Problem clean(DType::kBF16, 40, 33, 14, 3);
    Problem dirty = clean;
    dirty.x[2][32] = bad;  // next to padding
    SetWeight(&dirty, 21, 7, bad);
    Prepared a(kIsa, clean), b(kIsa, dirty);
    const std::vector<float> before = a.Run(), after = b.Run();
    for (size_t i = 0; i < before.size(); ++i) {
      if (i / 40 == 2 || i % 40 == 21) {
        EXPECT_FALSE(std::isfinite(after[i])) << i;
      } else {
        EXPECT_EQ(before[i], after[i]) << i;
      }
    }
    ExpectModelBits(b);
  }
}

// Rounded to nearest even like the plain conversion, padded with zeros, and
// nothing read or written beyond.
TEST_F(LinearBf16Test, PrepareRoundsLikePlainCode) {
  std::mt19937 random(8);
  for (int64_t columns = 1; columns <= 130; ++columns) {
    const size_t n = static_cast<size_t>(columns);
    Guarded x(n * 4), row((n * 2 + 63) / 64 * 64);
    for (size_t k = 0; k < n; ++k) {
      uint32_t bits = static_cast<uint32_t>(random());
      if (k % 3 == 0) bits = (bits & 0xffff0000u) | 0x8000u;  // a tie
      if (k % 5 == 0) bits |= 0x7f800000u;                    // infinite or NaN
      x.floats()[k] = Flush(std::bit_cast<float>(bits));
    }
    std::memset(row.data(), 0xff, row.size());
    PrepareActivation(kIsa, ActivationFormat::kBF16, x.floats(), columns,
                      row.data());
    for (size_t k = 0; k < row.size() / 2; ++k) {
      uint16_t got;
      std::memcpy(&got, row.data() + 2 * k, 2);
      ASSERT_EQ(got, k < n ? FloatToBfloat16(x.floats()[k]) : 0)
          << columns << " " << k;
    }
  }
}

TEST_F(LinearBf16Test, SubnormalsAreZero) {
  Problem p(DType::kBF16, 16, 4, 1, 3);
  std::fill(p.x[0].begin(), p.x[0].end(), 1.0f);
  for (int64_t o = 0; o < 16; ++o) {
    for (int64_t k = 0; k < 4; ++k) SetWeight(&p, o, k, 0x1p-130f);
  }
  Prepared prepared(kIsa, p);
  for (float y : prepared.Run()) EXPECT_EQ(y, 0.0f);
}

}  // namespace
}  // namespace inlay::kernels::cpu
