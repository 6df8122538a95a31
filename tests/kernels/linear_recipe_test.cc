// Every packed integer format against docs/numerics.md, "The sum of an integer
// product", written out one output at a time: each instruction set that uses
// that recipe gives exactly these bits. Weights are random bytes in the layout
// of linear_layout.h, which is read here independently of packing and kernels.
#include <cmath>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/common/half.h"
#include "tests/kernels/linear_problem.h"

namespace inlay::kernels::cpu {
namespace {

using internal::BlockInfo;
using internal::PackedShape;
using internal::ShapeOf;

constexpr int64_t kRows = 37, kColumns = 768, kActivations = 13;

// A group of packed outputs.
class Group {
 public:
  Group(PackedFormat format, const uint8_t* bytes)
      : format_(format), shape_(ShapeOf(format)), bytes_(bytes) {}

  // Code less offset, or what the code stands for.
  int32_t Q(int64_t block, int64_t k, int64_t o) const {
    const uint8_t* const p = bytes_ +
                             internal::GroupScaleBytes(format_, kColumns) +
                             block * 64 * shape_.bits;
    switch (format_) {
      case PackedFormat::kQ4Lut:
      case PackedFormat::kK4Lut:
        return internal::kIq4Table[Bits(p, 4, k, o)];
      case PackedFormat::kQ4Fp:
        return internal::kFp4Table[Bits(p, 4, k, o)];
      default:
        break;
    }
    if (shape_.bits != 6) return Bits(p, shape_.bits, k, o) - shape_.offset;
    return (Bits(p, 4, k, o) | Bits(p + 256, 2, k, o) << 4) - shape_.offset;
  }
  float Scale(int64_t block, int64_t part, int64_t o) const {
    if (!shape_.super) return Short(Step(block) + o * 2);
    const uint8_t byte = Byte(block, part, o);
    const float whole = shape_.minimum ? byte : static_cast<int8_t>(byte);
    return Short(Step(block / 8) + o * 2) * whole;
  }
  float Minimum(int64_t block, int64_t part, int64_t o) const {
    if (!shape_.super) return Short(Step(block) + 32 + o * 2);
    const float whole = Byte(block, part, 16 + o);
    return -(Short(Step(block / 8) + 32 + o * 2) * whole);
  }

 private:
  static int32_t Bits(const uint8_t* p, int bits, int64_t k, int64_t o) {
    const int64_t columns = 4 * bits;  // what one bit plane's bytes begin with
    const int64_t j = k % columns / 4;
    return p[(j * 16 + o) * 4 + k % 4] >> (k / columns * bits) &
           ((1 << bits) - 1);
  }
  float Short(const uint8_t* p) const {
    uint16_t bits;
    std::memcpy(&bits, p, sizeof(bits));
    return format_ == PackedFormat::kQ4Fp ? Bfloat16ToFloat(bits)
                                          : HalfToFloat(bits);
  }
  const uint8_t* Step(int64_t index) const {
    return bytes_ + static_cast<size_t>(index) * internal::ScaleStep(format_);
  }
  uint8_t Byte(int64_t block, int64_t part, int64_t at) const {
    const int64_t wide = shape_.minimum ? 32 : 16;  // bytes of 16 outputs
    const int64_t index = block % 8 * (32 / shape_.scale_columns) + part;
    return Step(block / 8)[wide * 2 + index * wide + at];
  }

  const PackedFormat format_;
  const PackedShape shape_;
  const uint8_t* const bytes_;
};

// Sums of a part of a block, and what follows from them.
float AddPart(const Group& w, bool minimum, const BlockInfo& info,
              const int8_t* a, int64_t block, int64_t part, int64_t columns,
              int64_t o, float sum) {
  int32_t dot = 0, of_q = 0, of_a = 0;
  for (int64_t k = part * columns; k < (part + 1) * columns; ++k) {
    const int32_t q = w.Q(block, k, o);
    dot += q * a[k];
    of_q += q;
    of_a += a[k];
  }
  const float d = w.Scale(block, part, o);
  sum = std::fma(static_cast<float>(dot), d * info.s, sum);
  if (info.c != 0) {
    sum = std::fma(info.c, d * static_cast<float>(of_q), sum);
  }
  if (!minimum) return sum;
  // Products that are exact in double, so that no compiler fuses the addition.
  const float total =
      static_cast<float>(double{info.s} * of_a) +
      static_cast<float>(double{info.c} * static_cast<double>(columns));
  return std::fma(w.Minimum(block, part, o), total, sum);
}

float Expected(PackedFormat format, const uint8_t* group, int64_t o,
               const internal::Int8Row& x) {
  const PackedShape shape = ShapeOf(format);
  const Group w(format, group);
  float sum = 0;
  for (int64_t b = 0; b < kColumns / 32; ++b) {
    for (int64_t part = 0; part < 32 / shape.scale_columns; ++part) {
      sum = AddPart(w, shape.minimum, x.info[b], x.a + b * 32, b, part,
                    shape.scale_columns, o, sum);
    }
  }
  return sum;
}

constexpr PackedFormat kFormats[] = {
    PackedFormat::kQ8,    PackedFormat::kQ6,    PackedFormat::kQ6Min,
    PackedFormat::kQ4,    PackedFormat::kQ4Min, PackedFormat::kQ4Lut,
    PackedFormat::kQ4Fp,  PackedFormat::kK6Min, PackedFormat::kK6,
    PackedFormat::kK4Min, PackedFormat::kK4Lut, PackedFormat::kK4,
    PackedFormat::kK2Min};
constexpr const char* kNames[] = {"Q8",    "Q6",   "Q6Min", "Q4", "Q4Min",
                                  "Q4Lut", "Q4Fp", "K6Min", "K6", "K4Min",
                                  "K4Lut", "K4",   "K2Min"};

// Random bytes; those of 16 bits that are scales are of ordinary size.
void FillWeights(PackedFormat format, std::mt19937& random, Guarded& weight) {
  for (size_t i = 0; i < weight.size(); ++i) {
    weight.data()[i] = static_cast<uint8_t>(random());
  }
  const PackedShape shape = ShapeOf(format);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  const size_t group = internal::GroupBytes(format, kColumns);
  const size_t shorts = shape.minimum ? 32 : 16;
  const int64_t steps = kColumns / (shape.super ? 256 : 32);
  for (size_t at = 0; at < weight.size(); at += group) {
    for (int64_t step = 0; step < steps; ++step) {
      uint8_t* const p =
          weight.data() + at +
          static_cast<size_t>(step) * internal::ScaleStep(format);
      for (size_t i = 0; i < shorts; ++i) {
        const float value = normal(random);
        const uint16_t bits = format == PackedFormat::kQ4Fp
                                  ? FloatToBfloat16(value)
                                  : FloatToHalf(value);
        std::memcpy(p + 2 * i, &bits, sizeof(bits));
      }
    }
  }
}

// Rows as after a normalisation; the last ones shifted, so that all their
// blocks are centred.
void FillActivations(Isa isa, Guarded& x, size_t stride) {
  std::mt19937 random(31);
  for (int64_t r = 0; r < kActivations; ++r) {
    std::vector<float> row = RandomRow(kColumns, random);
    for (float& value : row) value += r < 9 ? 0.0f : 50.0f;
    PrepareActivation(isa, ActivationFormat::kInt8x32, row.data(), kColumns,
                      x.data() + static_cast<size_t>(r) * stride);
  }
}

class LinearRecipeTest : public testing::TestWithParam<std::tuple<Isa, int>> {};
INSTANTIATE_TEST_SUITE_P(
    All, LinearRecipeTest,
    // The first, plain C++, rounds each product before it adds it.
    testing::Combine(testing::ValuesIn(std::begin(kIsas) + 1, std::end(kIsas)),
                     testing::Range(0, static_cast<int>(std::size(kFormats)))),
    [](const auto& info) {
      return std::string(IsaName(std::get<0>(info.param))) + "_" +
             kNames[std::get<1>(info.param)];
    });

TEST_P(LinearRecipeTest, GivesTheBitsOfTheRecipe) {
  const Isa isa = std::get<0>(GetParam());
  const PackedFormat format = kFormats[std::get<1>(GetParam())];
  if (!IsaSupported(isa)) {
    GTEST_SKIP() << "this processor lacks " << IsaName(isa);
  }
  if (SelectRecipe(isa, DType::kQ8_0, kColumns, false).activation !=
      ActivationFormat::kInt8x32) {
    GTEST_SKIP() << "the recipe of " << IsaName(isa) << " is another";
  }
  std::mt19937 random(32);
  Guarded weight(PackedBytes(isa, format, kRows, kColumns));
  FillWeights(format, random, weight);
  const size_t stride =
      ActivationRowBytes(ActivationFormat::kInt8x32, kColumns);
  Guarded x(stride * kActivations);
  FillActivations(isa, x, stride);
  Guarded y(kRows * kActivations * sizeof(float));
  LinearArgs args = {};
  args.format = format;
  args.activation = ActivationFormat::kInt8x32;
  args.weight = weight.data();
  args.rows = kRows;
  args.columns = kColumns;
  args.x = x.data();
  args.x_stride = stride;
  args.x_rows = kActivations;
  args.y = y.floats();
  args.y_stride = kRows;
  Linear(isa, args, 0, kRows);
  for (int64_t r = 0; r < kActivations; ++r) {
    const internal::Int8Row row = internal::ViewInt8Row(
        x.data() + static_cast<size_t>(r) * stride, kColumns);
    for (int64_t o = 0; o < kRows; ++o) {
      const size_t group =
          static_cast<size_t>(o / 16) * internal::GroupBytes(format, kColumns);
      ASSERT_EQ(y.floats()[r * kRows + o],
                Expected(format, weight.data() + group, o % 16, row))
          << "row " << r << " output " << o;
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu
