// Activations as integers in blocks of 32: the same bytes from every
// instruction set, within half a step of the values.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/kernels/linear_problem.h"

namespace inlay::kernels::cpu {
namespace {

TEST(PrepareActivationTest, Int8IsTheSameOnEverySet) {
  std::mt19937 random(11);
  for (int64_t columns : {32, 64, 96, 576, 2048}) {
    std::vector<float> x = RandomRow(columns, random);
    x[0] = 1e-41f;
    x[5] = -0.0f;
    if (columns > 64) {
      std::fill(x.begin() + 32, x.begin() + 64, 7.25f);   // all centre
      std::fill(x.begin() + 64, x.begin() + 96, 1e-40f);  // subnormal
    }
    if (columns > 96) x[100] = std::numeric_limits<float>::quiet_NaN();
    if (columns > 576) {
      x[130] = std::numeric_limits<float>::infinity();
      x[170] = std::numeric_limits<float>::max();
      x[171] = std::numeric_limits<float>::lowest();
    }
    const size_t bytes =
        ActivationRowBytes(ActivationFormat::kInt8x32, columns);
    std::vector<uint8_t> expected(bytes);
    PrepareActivation(Isa::kReference, ActivationFormat::kInt8x32, x.data(),
                      columns, expected.data());
    for (Isa isa : Isas()) {
      Guarded guarded_x(x.size() * 4);
      std::memcpy(guarded_x.data(), x.data(), x.size() * 4);
      std::vector<uint8_t> actual(bytes);
      PrepareActivation(isa, ActivationFormat::kInt8x32, guarded_x.floats(),
                        columns, actual.data());
      EXPECT_EQ(actual, expected) << IsaName(isa) << " " << columns;
    }
  }
}

TEST(PrepareActivationTest, Int8StaysWithinHalfAStep) {
  std::mt19937 random(12);
  const std::vector<float> x = RandomRow(4096, random);
  std::vector<uint8_t> row(
      ActivationRowBytes(ActivationFormat::kInt8x32, 4096));
  PrepareActivation(BestIsa(), ActivationFormat::kInt8x32, x.data(), 4096,
                    row.data());
  const internal::Int8Row view = internal::ViewInt8Row(row.data(), 4096);
  int centred = 0;
  for (size_t k = 0; k < 4096; ++k) {
    const internal::BlockInfo& info = view.info[k / 32];
    if (k % 32 == 0 && info.c != 0) ++centred;
    EXPECT_LE(
        std::fabs(x[k] - (info.s * static_cast<float>(view.a[k]) + info.c)),
        0.5001f * info.s);
  }
  EXPECT_GT(centred, 5);
  EXPECT_LT(centred, 120);
}

}  // namespace
}  // namespace inlay::kernels::cpu
