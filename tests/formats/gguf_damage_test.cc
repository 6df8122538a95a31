// Every truncation and every flipped bit of two small files: one built here,
// one by the reference writer. Each gives an error that names a field and an
// offset, or a description that keeps inside the file. Counts are printed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "cpp/formats/gguf.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernels/common/dtype.h"
#include "tests/formats/gguf_test_util.h"

namespace inlay::formats {
namespace {

struct SmallFile {
  std::string name;
  std::vector<uint8_t> bytes;
};

class GgufDamageTest : public ::testing::TestWithParam<SmallFile> {
 protected:
  const std::vector<uint8_t>& bytes() const { return GetParam().bytes; }

  // End of the last tensor: what follows is not needed.
  uint64_t NeededBytes() const {
    uint64_t end = 0;
    const auto parsed = Parse(bytes());
    for (const TensorInfo& tensor : (*parsed)->tensors()) {
      end = std::max(end, tensor.offset + tensor.bytes);
    }
    return end;
  }

  // First byte of tensor data.
  uint64_t HeaderBytes() const {
    uint64_t begin = bytes().size();
    const auto parsed = Parse(bytes());
    for (const TensorInfo& tensor : (*parsed)->tensors()) {
      begin = std::min(begin, tensor.offset);
    }
    return begin;
  }

  // Parses, checks the outcome and counts it. True if the file was accepted.
  bool Outcome(const std::vector<uint8_t>& file) {
    const auto parsed = Parse(file);
    if (parsed.ok()) {
      ++counts_["accepted"];
      UseEverything(**parsed, file);
      return true;
    }
    ++counts_[absl::StatusCodeToString(parsed.status().code())];
    static const std::regex& names_field_and_offset = *new std::regex(
        "GGUF (magic|version|tensor count|metadata count|"
        "metadata\\[\\d+\\]|tensor\\[\\d+\\]).* at byte \\d+: "
        "[^]+");
    const std::string message(parsed.status().message());
    EXPECT_TRUE(std::regex_match(message, names_field_and_offset)) << message;
    EXPECT_TRUE(parsed.status().code() == absl::StatusCode::kDataLoss ||
                parsed.status().code() == absl::StatusCode::kInvalidArgument ||
                parsed.status().code() == absl::StatusCode::kUnimplemented ||
                parsed.status().code() == absl::StatusCode::kResourceExhausted)
        << parsed.status();
    return false;
  }

  void PrintCounts(const std::string& what) const {
    std::string line = GetParam().name + ", " + what + ":";
    for (const auto& [outcome, count] : counts_) {
      line += " " + outcome + " " + std::to_string(count);
    }
    std::printf("%s\n", line.c_str());
  }

 private:
  static void UseEverything(const ModelFile& file,
                            const std::vector<uint8_t>& bytes) {
    for (const TensorInfo& tensor : file.tensors()) {
      ASSERT_LE(tensor.offset, bytes.size());
      ASSERT_LE(tensor.bytes, bytes.size() - tensor.offset);
      ASSERT_GT(tensor.elements(), 0);
      if (!kernels::GetDTypeInfo(tensor.type).computable) continue;
      std::vector<float> row(tensor.columns());
      kernels::Dequantize(tensor.type, bytes.data() + tensor.offset,
                          tensor.columns(), row.data());
    }
    for (const MetadataEntry& entry : file.metadata()) {
      ASSERT_NE(file.Find(entry.key), nullptr);
    }
  }

  std::map<std::string, int> counts_;
};

TEST_P(GgufDamageTest, EveryTruncationOfANeededByteIsAnError) {
  const uint64_t needed = NeededBytes();
  for (size_t size = 0; size <= bytes().size(); ++size) {
    const std::vector<uint8_t> cut(bytes().begin(), bytes().begin() + size);
    EXPECT_EQ(Outcome(cut), size >= needed) << size;
  }
  PrintCounts("truncations to 0.." + std::to_string(bytes().size()) +
              " bytes, " + std::to_string(needed) + " needed");
}

TEST_P(GgufDamageTest, EveryFlippedBitIsAnErrorOrHarmless) {
  const uint64_t header = HeaderBytes();
  for (size_t bit = 0; bit < header * 8; ++bit) {
    std::vector<uint8_t> flipped = bytes();
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    SCOPED_TRACE(bit);
    Outcome(flipped);
  }
  PrintCounts("flips of the " + std::to_string(header * 8) + " header bits");
}

// Two damages at once reach what one alone does not.
TEST_P(GgufDamageTest, RandomDamageIsAnErrorOrHarmless) {
  uint64_t state = 1;
  const auto random = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  for (int round = 0; round < 20000; ++round) {
    std::vector<uint8_t> damaged = bytes();
    const uint64_t count = 1 + random() % 4;
    for (uint64_t i = 0; i < count; ++i) {
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    }
    Outcome(damaged);
  }
  PrintCounts("20000 random damages");
}

INSTANTIATE_TEST_SUITE_P(
    Files, GgufDamageTest,
    ::testing::Values(SmallFile{"built here", SmallModel().Build()},
                      SmallFile{"reference writer", ReadSmallGolden()}),
    [](const auto& info) {
      return info.index == 0 ? "BuiltHere" : "ReferenceWriter";
    });

}  // namespace
}  // namespace inlay::formats
