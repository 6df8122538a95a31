// What is wrong with a file is said with its field and its offset.
#include <string>
#include <vector>

#include "cpp/formats/gguf.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/formats/gguf_test_util.h"

namespace inlay::formats {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

void ExpectError(const std::vector<uint8_t>& file, StatusCode code,
                 const std::string& message, const GgufLimits& limits = {}) {
  const auto parsed = Parse(file, limits);
  EXPECT_EQ(parsed.status().code(), code) << parsed.status();
  EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(message));
}

std::vector<uint8_t> Bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST(GgufErrorTest, FilesOfAnotherKind) {
  ExpectError({}, StatusCode::kInvalidArgument, "empty");
  ExpectError(Bytes("GG"), StatusCode::kInvalidArgument, "truncated");
  ExpectError(Bytes("PK\3\4 and more"), StatusCode::kInvalidArgument,
              "GGUF magic at byte 0: not a GGUF file");
  ExpectError(Bytes("FUGG\0\0\0\3"), StatusCode::kUnimplemented, "big-endian");
  EXPECT_EQ(ParseGguf(nullptr).status().code(), StatusCode::kInvalidArgument);
}

TEST(GgufErrorTest, Versions) {
  GgufBuilder builder;
  for (const auto& [version, message] :
       std::vector<std::pair<uint32_t, std::string>>{
           {1, "version 1 is not supported; convert"},
           {0, "version 0"},
           {4, "GGUF version at byte 4: version 4"},
           {0x03000000, "big-endian"},
           {0x02000000, "big-endian"}}) {
    builder.version = version;
    ExpectError(builder.Build(), StatusCode::kUnimplemented, message);
  }
}

TEST(GgufErrorTest, CountsBeyondTheFile) {
  GgufBuilder builder;
  builder.extra_tensor_count = 1;
  ExpectError(builder.Build(), StatusCode::kDataLoss,
              "GGUF tensor count at byte 8: truncated");
  builder.extra_tensor_count = -1;
  ExpectError(builder.Build(), StatusCode::kDataLoss, "tensor count at byte 8");
  builder.extra_tensor_count = 0;
  builder.extra_metadata_count = int64_t{1} << 60;
  ExpectError(builder.Build(), StatusCode::kDataLoss,
              "metadata count at byte 16");
  builder.extra_metadata_count = -1;
  ExpectError(builder.Build(), StatusCode::kDataLoss,
              "metadata count at byte 16");
}

TEST(GgufErrorTest, Keys) {
  for (const std::string& key :
       {std::string(), std::string("a\0b", 3), std::string("a b"),
        std::string("caf\xc3\xa9"), std::string(65536, 'k')}) {
    ExpectError(GgufBuilder().U32(key, 1).Build(), StatusCode::kDataLoss,
                "metadata[0] key at byte 24");
  }
  EXPECT_TRUE(
      Parse(GgufBuilder().U32(std::string(65535, 'k'), 1).Build()).ok());
  ExpectError(GgufBuilder().U32("a", 1).U32("a", 2).Build(),
              StatusCode::kDataLoss, "metadata[1] \"a\" at byte 41: the key");
}

TEST(GgufErrorTest, Values) {
  ExpectError(GgufBuilder().Raw("k", 13, {0}).Build(),
              StatusCode::kUnimplemented,
              "metadata[0] \"k\" value type at byte 33: unknown value type 13");
  ExpectError(GgufBuilder().Raw("k", kGgufBool, {2}).Build(),
              StatusCode::kDataLoss, "metadata[0] \"k\" at byte 37: a boolean");
  ExpectError(GgufBuilder().Array<uint8_t>("k", kGgufBool, {1, 7}).Build(),
              StatusCode::kDataLoss, "(element 1)");
  ExpectError(GgufBuilder()
                  .Raw("k", kGgufString, std::vector<uint8_t>(8, 0x7f))
                  .Build(),
              StatusCode::kDataLoss, "metadata[0] \"k\" at byte 37: truncated");
  ExpectError(GgufBuilder().Array<uint8_t>("k", 99, {}).Build(),
              StatusCode::kUnimplemented, "\"k\" element type at byte 37");
  ExpectError(GgufBuilder().Array<uint8_t>("k", kGgufArray, {}).Build(),
              StatusCode::kUnimplemented, "arrays of arrays");
  ByteWriter huge;
  huge.Put<uint32_t>(kGgufF64).Put<uint64_t>(uint64_t{1} << 61);
  ExpectError(GgufBuilder().Raw("k", kGgufArray, huge.bytes()).Build(),
              StatusCode::kDataLoss, "\"k\" element count at byte 41");
}

TEST(GgufErrorTest, Alignment) {
  for (const uint32_t bad : {0u, 4u, 24u, 33u, 1u << 21, 0xffffffffu}) {
    ExpectError(GgufBuilder().U32("general.alignment", bad).Build(),
                StatusCode::kDataLoss,
                "metadata[0] \"general.alignment\" at byte 53");
  }
  ExpectError(GgufBuilder().F32("general.alignment", 32).Build(),
              StatusCode::kDataLoss, "power of two");
  EXPECT_TRUE(Parse(GgufBuilder().U32("general.alignment", 8).Build()).ok());
}

TEST(GgufErrorTest, TensorShapes) {
  const auto shape = [](const std::vector<uint64_t>& dimensions,
                        uint32_t type = 0) {
    return GgufBuilder().TensorAt("t", type, dimensions, 0).Build();
  };
  // Data enough for the smallest entry to be read whole.
  ExpectError(
      GgufBuilder().Tensor("t", 0, {}, std::vector<uint8_t>(64)).Build(),
      StatusCode::kDataLoss, "tensor[0] \"t\" rank at byte 33: 0");
  ExpectError(shape({1, 1, 1, 1, 1}), StatusCode::kDataLoss, "rank at byte 33");
  ExpectError(shape({4, 0}), StatusCode::kDataLoss,
              "tensor[0] \"t\" dimension 1 at byte 45: is zero");
  ExpectError(shape({uint64_t{1} << 63}), StatusCode::kDataLoss,
              "dimension 0 at byte 37");
  ExpectError(shape({uint64_t{1} << 32, uint64_t{1} << 31}),
              StatusCode::kDataLoss, "dimension 1 at byte 45");
  ExpectError(shape({uint64_t{1} << 62}), StatusCode::kDataLoss,
              "tensor[0] \"t\" type at byte 45: the tensor is too large");
  ExpectError(shape({uint64_t{1} << 60}), StatusCode::kDataLoss,
              "\"t\" offset at byte 49: truncated");
  ExpectError(shape({33}, 8), StatusCode::kDataLoss, "block of Q8_0, 32");
  ExpectError(shape({1}, 42), StatusCode::kUnimplemented,
              "tensor[0] \"t\" type at byte 45: unknown tensor type 42");
}

TEST(GgufErrorTest, TensorPlaces) {
  const std::vector<uint8_t> data(64, 1);
  ExpectError(
      GgufBuilder().Tensor("a", 0, {16}, data).TensorAt("b", 0, {1}, 8).Build(),
      StatusCode::kDataLoss,
      "tensor[1] \"b\" offset at byte 82: 8 is no multiple of 32");
  ExpectError(GgufBuilder()
                  .Tensor("a", 0, {16}, data)
                  .TensorAt("b", 0, {1}, 32)
                  .Build(),
              StatusCode::kDataLoss, "its data overlaps that of \"a\"");
  ExpectError(GgufBuilder()
                  .Tensor("a", 0, {16}, data)
                  .TensorAt("b", 0, {1}, 64)
                  .Build(),
              StatusCode::kDataLoss,
              "tensor[1] \"b\" offset at byte 82: trunc");
  ExpectError(GgufBuilder()
                  .Tensor("a", 0, {16}, data)
                  .TensorAt("b", 0, {1}, ~uint64_t{31})
                  .Build(),
              StatusCode::kDataLoss,
              "tensor[1] \"b\" offset at byte 82: trunc");
  ExpectError(
      GgufBuilder().Tensor("a", 0, {8}, data).Tensor("a", 0, {8}, data).Build(),
      StatusCode::kDataLoss, "tensor[1] name at byte 57: \"a\" appears");
  ExpectError(GgufBuilder().Tensor("", 0, {8}, data).Build(),
              StatusCode::kDataLoss, "tensor[0] name at byte 24");
  ExpectError(GgufBuilder().Tensor("a\nb", 0, {8}, data).Build(),
              StatusCode::kDataLoss, "\"a\\nb\"");
}

TEST(GgufErrorTest, LimitsAreNamed) {
  const std::vector<uint8_t> file = SmallModel().Build();
  GgufLimits limits;
  limits.max_tensors = 2;
  ExpectError(file, StatusCode::kResourceExhausted, "max_tensors 2", limits);
  limits = {};
  limits.max_metadata = 15;
  ExpectError(file, StatusCode::kResourceExhausted, "max_metadata 15", limits);
  limits = {};
  limits.max_string_bytes = 19;
  ExpectError(file, StatusCode::kResourceExhausted, "max_string_bytes 19",
              limits);
  limits = {};
  limits.max_array_elements = 2;
  ExpectError(file, StatusCode::kResourceExhausted, "max_array_elements 2",
              limits);
  limits = {};
  limits.max_header_bytes = 100;
  ExpectError(file, StatusCode::kResourceExhausted, "limit of 100", limits);
}

// A reader that claims a huge file makes no memory grow before bytes come.
TEST(GgufErrorTest, ReadErrorsPassThrough) {
  const auto source =
      io::OpenReader(uint64_t{1} << 40,
                     [](uint64_t, std::span<uint8_t>) {
                       return absl::UnavailableError("the disk is gone");
                     },
                     {});
  ASSERT_TRUE(source.ok());
  const auto parsed = ParseGguf(*source);
  EXPECT_EQ(parsed.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(parsed.status().message()),
              HasSubstr("GGUF magic at byte 0: the disk is gone"));
}

}  // namespace
}  // namespace inlay::formats
