#include "cpp/io/byte_reader.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::io {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

std::vector<uint8_t> Pattern(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i % 251);
  return bytes;
}

std::shared_ptr<Source> Memory(const std::vector<uint8_t>& bytes) {
  return *OpenMemory(bytes, {});
}

TEST(ByteReaderTest, ValuesAreLittleEndian) {
  const std::vector<uint8_t> bytes = {1, 2, 3, 4,    5,    6,   7,
                                      8, 0, 0, 0x80, 0x3f, 0xff};
  const auto source = Memory(bytes);
  ByteReader reader(source.get(), 100);
  uint64_t u64 = 0;
  float f32 = 0;
  int8_t i8 = 0;
  ASSERT_TRUE(reader.ReadValue(&u64).ok());
  ASSERT_TRUE(reader.ReadValue(&f32).ok());
  ASSERT_TRUE(reader.ReadValue(&i8).ok());
  EXPECT_EQ(u64, 0x0807060504030201u);
  EXPECT_EQ(f32, 1.0f);
  EXPECT_EQ(i8, -1);
  EXPECT_EQ(reader.position(), 13u);
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(ByteReaderTest, EndAndLimitAreDifferentErrors) {
  const std::vector<uint8_t> bytes = Pattern(10);
  const auto source = Memory(bytes);
  ByteReader reader(source.get(), 6);
  uint32_t u32 = 0;
  ASSERT_TRUE(reader.ReadValue(&u32).ok());
  EXPECT_EQ(reader.remaining(), 2u);
  Status status = reader.ReadValue(&u32);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("4 bytes at offset 4, beyond the limit of 6"));
  status = reader.Need(7);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("7 bytes at offset 4, 6 are left"));
  EXPECT_EQ(reader.Need(~uint64_t{0}).code(), StatusCode::kDataLoss);
  EXPECT_EQ(reader.position(), 4u);
  uint16_t u16 = 0;
  EXPECT_TRUE(reader.ReadValue(&u16).ok());
  EXPECT_EQ(u16, 0x0504);
}

// Reads of every kind of size across the borders of the buffer.
TEST(ByteReaderTest, LongReadsCrossTheBuffer) {
  const std::vector<uint8_t> bytes = Pattern(5 << 20);
  const auto source = Memory(bytes);
  ByteReader reader(source.get(), ~uint64_t{0});
  std::vector<uint8_t> got;
  size_t size = 1;
  while (reader.remaining() > 0) {
    size = std::min<size_t>(size, reader.remaining());
    if (size % 2 == 0) {
      std::string text;
      ASSERT_TRUE(reader.ReadString(size, &text).ok());
      got.insert(got.end(), text.begin(), text.end());
    } else {
      std::vector<uint8_t> part(size);
      ASSERT_TRUE(reader.Read(part).ok());
      got.insert(got.end(), part.begin(), part.end());
    }
    size = size * 3 + 1;
    if (size > (3 << 20)) size = 1;
  }
  EXPECT_EQ(got, bytes);
}

TEST(ByteReaderTest, ADeclaredLengthAloneTakesNoMemory) {
  uint64_t most = 0;
  const auto source =
      OpenReader(uint64_t{1} << 50,
                 [&most](uint64_t offset, std::span<uint8_t> out) {
                   most = std::max<uint64_t>(most, out.size());
                   if (offset > 100000) return absl::DataLossError("ends here");
                   return absl::OkStatus();
                 },
                 {});
  ByteReader reader(source->get(), ~uint64_t{0});
  std::string text;
  const Status status = reader.ReadString(uint64_t{1} << 49, &text);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_LE(text.capacity(), size_t{4} << 20);
  EXPECT_LE(most, uint64_t{1} << 20);
}

TEST(ByteReaderTest, AFailedReadCanBeTriedAgain) {
  bool fail = true;
  const auto source =
      OpenReader(4,
                 [&fail](uint64_t, std::span<uint8_t> out) {
                   if (fail) return absl::UnavailableError("later");
                   std::fill(out.begin(), out.end(), uint8_t{7});
                   return absl::OkStatus();
                 },
                 {});
  ByteReader reader(source->get(), 4);
  uint32_t value = 0;
  EXPECT_EQ(reader.ReadValue(&value).code(), StatusCode::kUnavailable);
  fail = false;
  ASSERT_TRUE(reader.ReadValue(&value).ok());
  EXPECT_EQ(value, 0x07070707u);
}

}  // namespace
}  // namespace inlay::io
