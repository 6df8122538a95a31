// Expansion of stored blocks against check sums made by the PyPI package gguf
// (tests/goldens/make_formats.py).
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cpp/formats/gguf_types.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernels/common/dtype.h"
#include "kernels/common/half.h"

namespace inlay::kernels {
namespace {

constexpr int64_t kRunElements = 4096;

uint32_t Crc32(const void* data, size_t size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  uint32_t crc = 0xffffffffu;
  for (size_t i = 0; i < size; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
  }
  return ~crc;
}

std::vector<uint64_t> SplitMix64(uint64_t seed, size_t count) {
  std::vector<uint64_t> words(count);
  for (uint64_t& word : words) {
    seed += 0x9E3779B97F4A7C15u;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    word = z ^ (z >> 31);
  }
  return words;
}

std::vector<uint8_t> RandomBytes(uint64_t seed, size_t size) {
  const std::vector<uint64_t> words = SplitMix64(seed, (size + 7) / 8);
  std::vector<uint8_t> bytes(size);
  std::memcpy(bytes.data(), words.data(), size);
  return bytes;
}

// Check sum of the values with all NaNs made one.
uint32_t SumOf(const std::vector<float>& values) {
  std::vector<uint32_t> bits;
  for (const float value : values) {
    bits.push_back(std::isnan(value) ? 0x7fc00000u
                                     : std::bit_cast<uint32_t>(value));
  }
  return Crc32(bits.data(), bits.size() * sizeof(uint32_t));
}

std::vector<float> Expand(DType type, const uint8_t* data, int64_t count) {
  std::vector<float> values(count, -1.0f);
  Dequantize(type, data, count, values.data());
  return values;
}

std::ifstream OpenGolden(const std::string& name) {
  return std::ifstream(INLAY_SOURCE_DIR "/tests/goldens/formats/" + name);
}

// Name to expected check sums.
std::map<std::string, std::vector<uint32_t>> ReadSums() {
  std::map<std::string, std::vector<uint32_t>> sums;
  std::ifstream file = OpenGolden("dequantize.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    fields >> name;
    for (std::string sum; fields >> sum;) {
      sums[name].push_back(static_cast<uint32_t>(std::stoul(sum, nullptr, 16)));
    }
  }
  return sums;
}

struct GgufType {
  uint32_t id;
  std::string name;
  int block_elements;
  int block_bytes;
};

std::vector<GgufType> ReadTypes() {
  std::vector<GgufType> types;
  std::ifstream file = OpenGolden("types.txt");
  GgufType type;
  while (file >> type.id >> type.name >> type.block_elements >>
         type.block_bytes) {
    types.push_back(type);
  }
  return types;
}

TEST(DTypeTest, NamesAndBlocksAreThoseOfGguf) {
  const std::vector<GgufType> types = ReadTypes();
  ASSERT_GE(types.size(), 33u);
  for (const GgufType& want : types) {
    SCOPED_TRACE(want.name);
    const auto type = formats::DTypeFromGguf(want.id);
    ASSERT_TRUE(type.has_value());
    const DTypeInfo& info = GetDTypeInfo(*type);
    EXPECT_EQ(info.name, want.name);
    EXPECT_EQ(info.block_elements, want.block_elements);
    // The package still has 32-bit scales in Q8_1, which no file stores.
    EXPECT_EQ(info.block_bytes, want.name == "Q8_1" ? 36 : want.block_bytes);
  }
  EXPECT_FALSE(formats::DTypeFromGguf(42).has_value());
  EXPECT_FALSE(formats::DTypeFromGguf(0xffffffffu).has_value());
}

TEST(DequantizeTest, EveryComputableTypeEqualsTheOracle) {
  const auto sums = ReadSums();
  int tested = 0;
  for (const GgufType& gguf : ReadTypes()) {
    const DType type = *formats::DTypeFromGguf(gguf.id);
    if (!GetDTypeInfo(type).computable) continue;
    SCOPED_TRACE(gguf.name);
    ASSERT_EQ(sums.count(gguf.name), 1u);
    const std::vector<uint32_t>& want = sums.at(gguf.name);
    for (size_t run = 0; run < want.size(); ++run) {
      const std::vector<uint8_t> data =
          RandomBytes(1000 * gguf.id + run,
                      kRunElements / gguf.block_elements * gguf.block_bytes);
      EXPECT_EQ(SumOf(Expand(type, data.data(), kRunElements)), want[run]);
    }
    ++tested;
  }
  EXPECT_EQ(tested, 16);
}

TEST(DequantizeTest, EveryHalfAndBfloat16) {
  std::vector<uint16_t> every(65536);
  for (size_t i = 0; i < every.size(); ++i) every[i] = static_cast<uint16_t>(i);
  const auto* data = reinterpret_cast<const uint8_t*>(every.data());
  const auto sums = ReadSums();
  EXPECT_EQ(SumOf(Expand(DType::kF16, data, 65536)), sums.at("all-F16")[0]);
  EXPECT_EQ(SumOf(Expand(DType::kBF16, data, 65536)), sums.at("all-BF16")[0]);
}

// A source at an odd address and several blocks give what one block alone does.
TEST(DequantizeTest, BlocksAreIndependentAndUnaligned) {
  for (int t = 0; t < static_cast<int>(DType::kCount); ++t) {
    const auto type = static_cast<DType>(t);
    const DTypeInfo& info = GetDTypeInfo(type);
    if (!info.computable) continue;
    SCOPED_TRACE(info.name);
    std::vector<uint8_t> data = RandomBytes(t, 3 * info.block_bytes);
    data.insert(data.begin(), 0);
    const int n = info.block_elements;
    const std::vector<float> all = Expand(type, data.data() + 1, 3 * n);
    for (int block = 0; block < 3; ++block) {
      const std::vector<float> one =
          Expand(type, data.data() + 1 + block * info.block_bytes, n);
      EXPECT_EQ(SumOf(one), SumOf({all.begin() + block * n,
                                   all.begin() + (block + 1) * n}));
    }
  }
}

TEST(DequantizeTest, OtherTypesGiveZeros) {
  const std::vector<uint8_t> data = RandomBytes(1, 66);
  EXPECT_THAT(Expand(DType::kIQ2_XXS, data.data(), 256), ::testing::Each(0.0f));
}

TEST(HalfTest, NarrowingRoundsAsTheOracle) {
  std::vector<uint64_t> words = SplitMix64(77, 65536);
  std::vector<uint32_t> bits(2 * words.size());
  std::memcpy(bits.data(), words.data(), bits.size() * sizeof(uint32_t));
  for (uint32_t half = 0; half < 65536; ++half) {
    const float value = HalfToFloat(static_cast<uint16_t>(half));
    bits.push_back(std::bit_cast<uint32_t>(value) + 0x1000u);
  }
  std::vector<uint16_t> halves, bfloats;
  for (const uint32_t b : bits) {
    const float value = std::bit_cast<float>(b);
    const bool nan = (b & 0x7fffffffu) > 0x7f800000u;
    halves.push_back(nan ? 0x7e00 : FloatToHalf(value));
    bfloats.push_back(nan ? 0x7fc0 : FloatToBfloat16(value));
    if (nan) {
      EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value))));
      EXPECT_TRUE(std::isnan(Bfloat16ToFloat(FloatToBfloat16(value))));
    }
  }
  const auto sums = ReadSums();
  EXPECT_EQ(Crc32(halves.data(), 2 * halves.size()), sums.at("to-F16")[0]);
  EXPECT_EQ(Crc32(bfloats.data(), 2 * bfloats.size()), sums.at("to-BF16")[0]);
}

}  // namespace
}  // namespace inlay::kernels
