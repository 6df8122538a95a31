// Packing: exact for every type, as small as the file's own blocks allow, and
// within its memory.
#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/kernels/linear_problem.h"

namespace inlay::kernels::cpu {
namespace {

// Types whose packed form must be at most 1.08 times the file's.
bool IsCommon(DType type) {
  switch (type) {
    case DType::kF16:
    case DType::kBF16:
    case DType::kQ8_0:
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ4_K:
    case DType::kIQ4_NL:
    case DType::kIQ4_XS:
    case DType::kMXFP4:
      return true;
    default:
      return false;
  }
}

TEST(PackTest, PackedWeightsAreAboutAsLargeAsTheFile) {
  // Projections of models of 135 million and of a billion weights.
  for (int64_t columns : {576, 1536, 2048, 8192}) {
    for (DType type : kTypes) {
      const DTypeInfo& info = GetDTypeInfo(type);
      if (columns % info.block_elements != 0) continue;
      const double file = static_cast<double>(
          576 * columns / info.block_elements * info.block_bytes);
      for (Isa isa : kIsas) {
        const LinearRecipe recipe = SelectRecipe(isa, type, columns, false);
        ASSERT_NE(recipe.packed, PackedFormat::kRaw) << info.name;
        const double packed =
            static_cast<double>(PackedBytes(isa, recipe.packed, 576, columns));
        EXPECT_LE(packed, file * (IsCommon(type) ? 1.08 : 1.5))
            << info.name << " " << IsaName(isa) << " " << columns;
      }
    }
  }
}

TEST(PackTest, EveryComputableTypeIsTested) {
  for (int i = 0; i < static_cast<int>(DType::kCount); ++i) {
    const DType type = static_cast<DType>(i);
    EXPECT_EQ(GetDTypeInfo(type).computable,
              std::count(std::begin(kTypes), std::end(kTypes), type) == 1)
        << GetDTypeInfo(type).name;
  }
}

// Every block's bytes at random: infinite, NaN and subnormal scales too.
std::vector<uint8_t> RandomBytes(size_t bytes, std::mt19937& random) {
  std::vector<uint8_t> data(bytes);
  for (uint8_t& b : data) b = static_cast<uint8_t>(random());
  return data;
}

bool SameBits(float a, float b) {
  return std::isnan(a) ? std::isnan(b) : std::memcmp(&a, &b, 4) == 0;
}

void ExpectRoundTrip(Isa isa, PackedFormat format, DType type, int64_t rows,
                     int64_t columns, const std::vector<uint8_t>& raw) {
  Guarded src(raw.size());
  std::memcpy(src.data(), raw.data(), raw.size());
  Guarded packed(PackedBytes(isa, format, rows, columns));
  std::memset(packed.data(), 0xaa, packed.size());  // all of it is written
  PackRows(isa, format, type, src.data(), rows, columns, 0, rows,
           packed.data());
  const size_t row_bytes = raw.size() / static_cast<size_t>(rows);
  std::vector<float> expected(static_cast<size_t>(columns));
  Guarded actual(static_cast<size_t>(columns) * 4);
  for (int64_t r = 0; r < rows; ++r) {
    Dequantize(type, &raw[static_cast<size_t>(r) * row_bytes], columns,
               expected.data());
    UnpackRow(isa, format, packed.data(), rows, columns, r, actual.floats());
    for (size_t k = 0; k < expected.size(); ++k) {
      ASSERT_TRUE(SameBits(actual.floats()[k], expected[k]))
          << GetDTypeInfo(type).name << " " << rows << "x" << columns << " "
          << r << " " << k << ": " << actual.floats()[k] << " for "
          << expected[k];
    }
  }
}

TEST(PackTest, UnpackedRowsAreTheFilesBitForBit) {
  std::mt19937 random(21);
  for (DType type : kTypes) {
    const DTypeInfo& info = GetDTypeInfo(type);
    for (int64_t rows = 1; rows <= 40; rows += 1 + rows / 8) {
      const int64_t columns = info.block_elements == 1
                                  ? 1 + rows * 3
                                  : info.block_elements * (1 + rows % 7);
      const std::vector<uint8_t> raw =
          RandomBytes(static_cast<size_t>(rows * columns / info.block_elements *
                                          info.block_bytes),
                      random);
      for (Isa isa : kIsas) {
        const LinearRecipe recipe = SelectRecipe(isa, type, columns, false);
        ASSERT_NE(recipe.packed, PackedFormat::kRaw);
        ExpectRoundTrip(isa, recipe.packed, type, rows, columns, raw);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(PackTest, PartsInAnyOrderGiveTheSameBytes) {
  for (DType type : kTypes) {
    const int64_t columns = GetDTypeInfo(type).block_elements == 1 ? 37 : 256;
    const Problem problem(type, 75, columns, 1, 22);
    for (Isa isa : kIsas) {
      const PackedFormat format =
          SelectRecipe(isa, type, columns, false).packed;
      const int64_t group = PackedRowGroup(isa, format);
      Guarded whole(PackedBytes(isa, format, 75, columns));
      Guarded parts(whole.size());
      std::memset(parts.data(), 0xaa, parts.size());
      PackRows(isa, format, type, problem.raw.data(), 75, columns, 0, 75,
               whole.data());
      for (int64_t begin = (75 - 1) / group * group; begin >= 0;
           begin -= group) {
        PackRows(isa, format, type, problem.raw.data(), 75, columns, begin,
                 std::min<int64_t>(begin + group, 75), parts.data());
      }
      EXPECT_EQ(std::memcmp(parts.data(), whole.data(), whole.size()), 0)
          << GetDTypeInfo(type).name;
    }
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu
