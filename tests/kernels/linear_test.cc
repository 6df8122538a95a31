// Every instruction set of this processor, forced in turn, against sums in
// double precision over what was packed and prepared.
#include "kernels/cpu/linear.h"

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

void ExpectNear(Prepared& prepared, const std::vector<float>& y) {
  const Problem& p = prepared.problem;
  for (int64_t r = 0; r < p.x_rows; ++r) {
    for (int64_t o = 0; o < p.rows; ++o) {
      // Scale and minimum of a block can cancel, so the bound is of the
      // largest weight, not of each.
      double sum = 0, most = 0, reach = 0;
      for (int64_t k = 0; k < p.columns; ++k) {
        const double x = prepared.X(r, k);
        const double w = prepared.Weight(o, k);
        sum += w * x;
        most = std::max(most, std::fabs(w));
        reach += std::fabs(x);
      }
      ASSERT_NEAR(y[static_cast<size_t>(r * p.rows + o)], sum,
                  1e-6 * most * reach + 1e-30)
          << IsaName(prepared.isa) << " " << GetDTypeInfo(p.type).name << " "
          << p.rows << "x" << p.columns << " row " << r << " out " << o;
    }
  }
}

TEST(IsaTest, ReferenceAlwaysRuns) {
  EXPECT_TRUE(IsaSupported(Isa::kReference));
  EXPECT_TRUE(IsaSupported(BestIsa()));
  EXPECT_FALSE(IsaSupported(static_cast<Isa>(200)));
}

TEST(LinearTest, EveryTypeMatchesDoublePrecision) {
  uint32_t seed = 1;
  for (DType type : kTypes) {
    const int64_t block = GetDTypeInfo(type).block_elements;
    for (int64_t m : {1, 2, 3, 4, 5, 7}) {
      for (int64_t n : {1, 15, 16, 17, 40}) {
        const int64_t k = block == 1 ? 37 + n : block * (1 + n % 3);
        const Problem problem(type, n, k, m, ++seed);
        for (Isa isa : Isas()) {
          Prepared prepared(isa, problem);
          ExpectNear(prepared, prepared.Run());
          if (HasFatalFailure()) return;
          Prepared in_place(isa, problem, true);
          ExpectNear(in_place, in_place.Run());
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// Runs a problem in random pieces and expects the bits of one call.
void ExpectSameInPieces(Prepared& prepared, std::mt19937& random) {
  const Problem& p = prepared.problem;
  const std::vector<float> all = prepared.Run();
  std::vector<float> y(all.size(), -1.0f);
  for (int64_t row = 0; row < p.x_rows;) {
    const int64_t count = std::min<int64_t>(
        p.x_rows - row, row < p.x_rows / 12 ? 1 : 1 + random() % 21);
    for (int64_t out = 0; out < p.rows;) {
      const int64_t end = std::min<int64_t>(p.rows, out + 1 + random() % 50);
      float* const at = &y[static_cast<size_t>(row * p.rows)];
      Linear(prepared.isa, prepared.Args(at, row, count), out, end);
      out = end;
    }
    row += count;
  }
  ASSERT_EQ(std::memcmp(y.data(), all.data(), y.size() * 4), 0)
      << IsaName(prepared.isa) << " " << GetDTypeInfo(p.type).name;
}

// The same bits for one row, many rows, and any split of the outputs.
TEST(LinearTest, BitsDoNotDependOnRowsOrSplits) {
  uint32_t seed = 100;
  std::mt19937 random(5);
  for (DType type : kTypes) {
    const int64_t k = GetDTypeInfo(type).block_elements == 256 ? 512 : 96;
    const Problem problem(type, 75, k, 512, ++seed);
    for (Isa isa : Isas()) {
      Prepared prepared(isa, problem);
      ExpectSameInPieces(prepared, random);
      if (HasFatalFailure()) return;
    }
  }
}

// Rows too long for the sums that many rows share.
TEST(LinearTest, BitsDoNotDependOnRowsForLongRows) {
  std::mt19937 random(6);
  for (DType type : kIntegerTypes) {
    const int64_t step = GetDTypeInfo(type).block_elements / 32;
    for (int64_t blocks : {256 - step, int64_t{256}, 256 + step}) {
      const Problem problem(type, 17, 32 * blocks, 14, 8);
      for (Isa isa : Isas()) {
        Prepared prepared(isa, problem);
        ExpectSameInPieces(prepared, random);
        ExpectNear(prepared, prepared.Run());
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(LinearTest, AddsBiasThenAccumulates) {
  for (DType type : {DType::kF32, DType::kQ8_0, DType::kQ4_1, DType::kQ6_K}) {
    const Problem problem(type, 37, 256, 3, 9);
    for (Isa isa : Isas()) {
      Prepared prepared(isa, problem);
      const std::vector<float> plain = prepared.Run();
      std::vector<float> y(plain.size(), 3.5f);
      LinearArgs args = prepared.Args(y.data(), 0, 3);
      args.bias = problem.bias.data();
      args.accumulate = true;
      Linear(isa, args, 5, 33);
      for (size_t i = 0; i < y.size(); ++i) {
        const size_t out = i % 37;
        const float expected =
            out < 5 || out >= 33 ? 3.5f : 3.5f + (plain[i] + problem.bias[out]);
        ASSERT_EQ(y[i], expected) << IsaName(isa) << " " << i;
      }
    }
  }
}

// Vector instruction sets share one recipe; the reference differs only by
// unfused additions.
TEST(LinearTest, VectorSetsAgreeExactlyOnIntegerFormats) {
  if (!IsaSupported(Isa::kAvx512)) GTEST_SKIP() << "needs AVX-512";
  for (DType type : kIntegerTypes) {
    const Problem problem(type, 33, 1536, 6, 77);
    Prepared a(Isa::kAvx2, problem), b(Isa::kAvx512, problem);
    EXPECT_EQ(a.Run(), b.Run()) << GetDTypeInfo(type).name;
  }
}

TEST(LinearTest, UnpackRowGivesTheWeights) {
  for (DType type : kTypes) {
    const Problem problem(type, 21, 256, 1, 3);
    for (Isa isa : Isas()) {
      Prepared prepared(isa, problem);
      if (prepared.recipe.packed == PackedFormat::kRaw) continue;
      std::vector<float> row(256);
      for (int64_t r = 0; r < 21; ++r) {
        UnpackRow(isa, prepared.recipe.packed, prepared.weight.data(), 21, 256,
                  r, row.data());
        for (size_t k = 0; k < 256; ++k) {
          ASSERT_EQ(row[k], problem.weights[static_cast<size_t>(r) * 256 + k])
              << GetDTypeInfo(type).name << " " << r << " " << k;
        }
      }
    }
  }
}

TEST(LinearTest, PackingByPartsIsTheSame) {
  const Problem problem(DType::kQ4_1, 75, 96, 1, 3);
  for (Isa isa : Isas()) {
    Prepared whole(isa, problem);
    Guarded parts(whole.weight.size());
    std::memset(parts.data(), 0xaa, parts.size());  // padding is written too
    for (int64_t r : {48, 0, 16, 32, 64}) {
      PackRows(isa, whole.recipe.packed, problem.type, problem.raw.data(), 75,
               96, r, std::min<int64_t>(r + 16, 75), parts.data());
    }
    EXPECT_EQ(std::memcmp(parts.data(), whole.weight.data(), parts.size()), 0);
  }
}

// Whether a byte of a block belongs to its scale or minimum of 16 bits.
bool IsScale(DType type, int at) {
  switch (type) {
    case DType::kMXFP4:
      return at < 1;
    case DType::kQ2_K:
      return at >= 80;
    case DType::kQ3_K:
      return at >= 108;
    case DType::kQ6_K:
      return at >= 208;
    case DType::kQ4_1:
    case DType::kQ5_1:
    case DType::kQ4_K:
    case DType::kQ5_K:
      return at < 4;
    default:
      return at < 2;
  }
}

// Largest products an integer block can hold.
TEST(LinearTest, ExtremesDoNotSaturate) {
  for (DType type : kIntegerTypes) {
    for (int pattern : {0x00, 0x7f, 0x80, 0xff}) {
      Problem problem(type, 16, 256, 2, 3);
      const size_t bytes = static_cast<size_t>(GetDTypeInfo(type).block_bytes);
      for (size_t i = 0; i < problem.raw.size(); ++i) {
        if (!IsScale(type, static_cast<int>(i % bytes))) {
          problem.raw[i] = static_cast<uint8_t>(pattern);
        }
      }
      Dequantize(type, problem.raw.data(), 16 * 256, problem.weights.data());
      for (size_t k = 0; k < 256; ++k) {
        problem.x[0][k] = 1.0f;
        problem.x[1][k] = k % 2 != 0 ? -5.0f : 5.0f;
      }
      for (Isa isa : Isas()) {
        Prepared prepared(isa, problem);
        ExpectNear(prepared, prepared.Run());
      }
    }
  }
}

// Documented policy: integer recipes answer NaN for a row that is not finite;
// floating ones follow IEEE 754. Other rows are not touched by it.
TEST(LinearTest, NonFiniteActivations) {
  for (DType type : kTypes) {
    for (float bad : {std::numeric_limits<float>::quiet_NaN(),
                      std::numeric_limits<float>::infinity()}) {
      const Problem clean(type, 20, 256, 6, 3);
      Problem dirty = clean;
      dirty.x[2][40] = bad;
      for (Isa isa : Isas()) {
        Prepared a(isa, clean), b(isa, dirty);
        const std::vector<float> ya = a.Run(), yb = b.Run();
        for (size_t i = 0; i < ya.size(); ++i) {
          if (i / 20 == 2) {
            EXPECT_FALSE(std::isfinite(yb[i])) << IsaName(isa);
          } else {
            EXPECT_EQ(ya[i], yb[i]) << IsaName(isa);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu
