// The AMX kernels on the software model of the tiles: the same source as for
// the processor's own.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/kernels/amx_on_model.h"
#include "tests/kernels/amx_problem.h"
#include "tests/kernels/linear_problem.h"

#if defined(__x86_64__)

namespace inlay::kernels::cpu {
namespace {

using internal::TileFault;

class AmxTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!IsaSupported(Isa::kAvx512Bf16)) GTEST_SKIP() << "needs AVX-512 BF16";
  }
};

using OnModel = TileFault (*)(const LinearArgs&, int64_t, int64_t);

// All rows and outputs in one call, in guarded memory.
std::vector<float> RunAll(OnModel kernel, LinearArgs args) {
  Guarded y(static_cast<size_t>(args.rows * args.x_rows) * 4);
  args.y = y.floats();
  EXPECT_EQ(kernel(args, 0, args.rows), TileFault::kNone);
  return {y.floats(), y.floats() + args.rows * args.x_rows};
}

// In random pieces of rows and outputs: the same bits.
void ExpectSameInPieces(OnModel kernel, const LinearArgs& args,
                        std::mt19937& random) {
  const std::vector<float> all = RunAll(kernel, args);
  std::vector<float> y(all.size(), -1.0f);
  for (int64_t row = 0; row < args.x_rows;) {
    const int64_t count =
        std::min<int64_t>(args.x_rows - row, 1 + random() % 40);
    for (int64_t out = 0; out < args.rows;) {
      const int64_t end = std::min<int64_t>(args.rows, out + 1 + random() % 50);
      LinearArgs piece = args;
      piece.x += static_cast<size_t>(row) * args.x_stride;
      piece.x_rows = count;
      piece.y = &y[static_cast<size_t>(row * args.rows)];
      ASSERT_EQ(kernel(piece, out, end), TileFault::kNone);
      out = end;
    }
    row += count;
  }
  ASSERT_EQ(std::memcmp(y.data(), all.data(), y.size() * 4), 0);
}

float RoundToBf16(float x) { return Bfloat16ToFloat(FloatToBfloat16(x)); }

// Each product is rounded in at most 16 sums of its tile, the two halves of a
// tile meet in one, and tiles are added up in columns / 32.
double Bound(int64_t columns) {
  const double roundings = 17.0 + static_cast<double>((columns + 31) / 32);
  return roundings * 0x1p-24;
}

// `weight(o, k)` is what the tiles multiply with.
template <typename Weight>
void ExpectWithinBound(const LinearArgs& args, const PreparedRows& x,
                       const std::vector<float>& y, const Weight& weight) {
  for (int64_t o = 0; o < args.rows; ++o) {
    for (int64_t r = 0; r < args.x_rows; ++r) {
      double sum = 0, reach = 0;
      for (int64_t k = 0; k < args.columns; ++k) {
        const double product = double{weight(o, k)} * double{x.Bf16(r, k)};
        sum += product;
        reach += std::fabs(product);
      }
      ASSERT_NEAR(y[static_cast<size_t>(r * args.rows + o)], sum,
                  Bound(args.columns) * reach + 1e-30)
          << static_cast<int>(args.format) << " row " << r << " out " << o;
    }
  }
}

TEST_F(AmxTest, EveryIntegerFormatAsBf16) {
  std::mt19937 random(1);
  for (PackedFormat format : kIntegerFormats) {
    const bool super = internal::ShapeOf(format).super;
    for (int round = 0; round < 4; ++round) {
      const int64_t columns =
          super ? 256 * (1 + round % 2 * 2) : 32 * (1 + random() % 20);
      const int64_t outputs = 1 + random() % 70;
      const int64_t rows = round == 0 ? 1 : 1 + random() % 40;
      const PackedProblem w(format, outputs, columns, random());
      const PreparedRows x(ActivationFormat::kBF16, columns, rows, random());
      const LinearArgs args =
          ArgsOf(format, w.weight.data(), outputs, x, nullptr);
      ExpectWithinBound(
          args, x, RunAll(LinearBf16OnModel, args),
          [&](int64_t o, int64_t k) { return RoundToBf16(w.Weight(o, k)); });
      if (HasFatalFailure()) return;
    }
  }
}

// kBF16Pairs of random weights, as the layout says.
std::vector<float> FillPairs(Guarded& packed, int64_t outputs, int64_t columns,
                             std::mt19937& random) {
  std::vector<float> weights(static_cast<size_t>(outputs * columns));
  std::normal_distribution<float> normal;
  std::memset(packed.data(), 0, packed.size());
  const size_t group_bytes =
      internal::GroupBytes(PackedFormat::kBF16Pairs, columns);
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t k = 0; k < columns; ++k) {
      const uint16_t half = FloatToBfloat16(normal(random));
      weights[static_cast<size_t>(o * columns + k)] = Bfloat16ToFloat(half);
      std::memcpy(packed.data() + static_cast<size_t>(o / 16) * group_bytes +
                      (k / 2 * 32 + o % 16 * 2 + k % 2) * 2,
                  &half, sizeof(half));
    }
  }
  return weights;
}

TEST_F(AmxTest, PairsOfAnyNumberOfColumns) {
  std::mt19937 random(2);
  for (int64_t columns : {1, 2, 31, 32, 33, 63, 64, 65, 97, 200, 511, 1030}) {
    const int64_t outputs = 1 + random() % 70;
    const int64_t rows = 1 + random() % 40;
    Guarded packed(static_cast<size_t>((outputs + 15) / 16) *
                   internal::GroupBytes(PackedFormat::kBF16Pairs, columns));
    const std::vector<float> weights =
        FillPairs(packed, outputs, columns, random);
    const PreparedRows x(ActivationFormat::kBF16, columns, rows, random());
    const LinearArgs args =
        ArgsOf(PackedFormat::kBF16Pairs, packed.data(), outputs, x, nullptr);
    ExpectWithinBound(args, x, RunAll(LinearBf16OnModel, args),
                      [&](int64_t o, int64_t k) {
                        return weights[static_cast<size_t>(o * columns + k)];
                      });
    ExpectSameInPieces(LinearBf16OnModel, args, random);
    if (HasFatalFailure()) return;
  }
}

TEST_F(AmxTest, BitsDoNotDependOnRowsOrSplits) {
  std::mt19937 random(3);
  for (PackedFormat format : kIntegerFormats) {
    // Several chunks of columns.
    const int64_t columns = internal::ShapeOf(format).super ? 768 : 544;
    const PackedProblem w(format, 37, columns, random());
    for (bool bf16 : {true, false}) {
      const PreparedRows x(
          bf16 ? ActivationFormat::kBF16 : ActivationFormat::kInt8x32, columns,
          64, random());
      ExpectSameInPieces(bf16 ? LinearBf16OnModel : LinearInt8OnModel,
                         ArgsOf(format, w.weight.data(), 37, x, nullptr),
                         random);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(AmxTest, BitsDoNotDependOnRowsBeyondABlockOfThem) {
  std::mt19937 random(4);
  const PackedProblem w(PackedFormat::kQ8, 16, 1056, random());
  const PreparedRows x(ActivationFormat::kBF16, 1056, 530, random());
  ExpectSameInPieces(LinearBf16OnModel,
                     ArgsOf(w.format, w.weight.data(), 16, x, nullptr), random);
}

// One output by the formulas of docs/numerics.md.
float Int8Output(const PackedProblem& w, const PreparedRows& x, int64_t o,
                 int64_t r) {
  const internal::Int8Row row = internal::ViewInt8Row(x.Row(r), x.columns);
  const int64_t part = w.shape.scale_columns;
  float sum = 0;
  for (int64_t begin = 0; begin < x.columns; begin += part) {
    const internal::BlockInfo& info = row.info[begin / 32];
    int32_t qa = 0, q = 0, a = 0;
    for (int64_t k = begin; k < begin + part; ++k) {
      const int code = w.At(o, k).q;
      qa += code * row.a[k];
      q += code;
      a += row.a[k];
    }
    const Term term = w.At(o, begin);
    volatile float total = info.s * static_cast<float>(a);  // rounded
    total = total + static_cast<float>(part) * info.c;
    sum = std::fma(static_cast<float>(qa), term.d * info.s, sum);
    if (info.c != 0) {
      sum = std::fma(info.c, term.d * static_cast<float>(q), sum);
    }
    if (w.shape.minimum) sum = std::fma(term.m, total, sum);
  }
  return sum;
}

TEST_F(AmxTest, EveryIntegerFormatAsBytesIsTheRecipe) {
  std::mt19937 random(5);
  for (PackedFormat format : kIntegerFormats) {
    for (int64_t rows : {1, 16, 21}) {
      const int64_t columns =
          internal::ShapeOf(format).super ? 512 : 32 * (1 + random() % 10);
      const int64_t outputs = 1 + random() % 40;
      const PackedProblem w(format, outputs, columns, random());
      const PreparedRows x(ActivationFormat::kInt8x32, columns, rows, random());
      const std::vector<float> y =
          RunAll(LinearInt8OnModel,
                 ArgsOf(format, w.weight.data(), outputs, x, nullptr));
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t o = 0; o < outputs; ++o) {
          ASSERT_EQ(y[static_cast<size_t>(r * outputs + o)],
                    Int8Output(w, x, o, r))
              << static_cast<int>(format) << " row " << r << " out " << o;
        }
      }
    }
  }
}

// Of weights packed from the file's types.
TEST_F(AmxTest, BytesHaveTheBitsOfAvx512) {
  uint32_t seed = 6;
  int compared = 0;
  for (DType type : kTypes) {
    const int64_t columns =
        GetDTypeInfo(type).block_elements == 256 ? 512 : 320;
    for (int64_t rows : {1, 3, 18, 40}) {
      const Problem problem(type, 50, columns, rows, ++seed);
      Prepared prepared(Isa::kAvx512, problem);
      if (internal::ShapeOf(prepared.recipe.packed).bits == 0) continue;
      ++compared;
      std::vector<float> y(static_cast<size_t>(50 * rows));
      EXPECT_EQ(LinearInt8OnModel(prepared.Args(y.data(), 0, rows), 0, 50),
                TileFault::kNone);
      ASSERT_EQ(y, prepared.Run()) << GetDTypeInfo(type).name;
    }
  }
  EXPECT_EQ(compared, 13 * 4);
}

TEST_F(AmxTest, AddsBiasThenAccumulates) {
  std::mt19937 random(7);
  for (PackedFormat format : {PackedFormat::kQ4, PackedFormat::kQ6Min}) {
    for (bool bf16 : {true, false}) {
      const OnModel kernel = bf16 ? LinearBf16OnModel : LinearInt8OnModel;
      const PackedProblem w(format, 37, 96, random());
      const PreparedRows x(
          bf16 ? ActivationFormat::kBF16 : ActivationFormat::kInt8x32, 96, 35,
          random());
      LinearArgs args = ArgsOf(format, w.weight.data(), 37, x, nullptr);
      const std::vector<float> plain = RunAll(kernel, args);
      Guarded bias(37 * 4);
      for (int i = 0; i < 37; ++i)
        bias.floats()[i] = 0.25f * static_cast<float>(i);
      std::vector<float> y(plain.size(), 3.5f);
      args.y = y.data();
      args.bias = bias.floats();
      args.accumulate = true;
      EXPECT_EQ(kernel(args, 5, 33), TileFault::kNone);
      for (size_t i = 0; i < y.size(); ++i) {
        const size_t out = i % 37;
        const float expected = out < 5 || out >= 33
                                   ? 3.5f
                                   : 3.5f + (plain[i] + bias.floats()[out]);
        ASSERT_EQ(y[i], expected) << i;
      }
    }
  }
}

// An activation that is not finite spoils its row, and no other.
TEST_F(AmxTest, NonFiniteActivations) {
  const PackedProblem w(PackedFormat::kQ8, 20, 64, 8);
  for (uint16_t bad : std::vector<uint16_t>{0x7fc0, 0x7f80, 0xff80}) {
    const PreparedRows x(ActivationFormat::kBF16, 64, 6, 9);
    const LinearArgs args = ArgsOf(w.format, w.weight.data(), 20, x, nullptr);
    const std::vector<float> clean = RunAll(LinearBf16OnModel, args);
    std::memcpy(x.Row(2) + 80, &bad, sizeof(bad));
    const std::vector<float> dirty = RunAll(LinearBf16OnModel, args);
    for (size_t i = 0; i < clean.size(); ++i) {
      if (i / 20 == 2) {
        EXPECT_FALSE(std::isfinite(dirty[i]));
      } else {
        EXPECT_EQ(clean[i], dirty[i]);
      }
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // __x86_64__
