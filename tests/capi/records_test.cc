// The rules of struct sizes, for every struct, over all sizes.
#include "capi/src/records.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace inlay::capi {
namespace {

const StructTable* const kTables[] = {
#define INLAY_STRUCT(type) &TableFor<type>::kTable,
#include "capi/api/generated/struct_list.inc"
#undef INLAY_STRUCT
};

bool IsBoundary(const StructTable& table, uint32_t size) {
  return std::binary_search(table.ends, table.ends + table.end_count, size);
}

bool IsReserved(const StructTable& table, uint32_t byte) {
  for (uint32_t i = 0; i < table.reserved_count; ++i) {
    if (byte >= table.reserved[i] && byte < table.reserved[i] + 4) return true;
  }
  return false;
}

// A heap block of exactly `size` bytes, so that a sanitizer sees any byte
// that is read or written outside.
std::unique_ptr<unsigned char[]> Block(uint32_t size, unsigned char fill) {
  auto block = std::make_unique<unsigned char[]>(std::max(size, 4u));
  std::memset(block.get(), fill, std::max(size, 4u));
  return block;
}

TEST(RecordsTest, TheTablesDescribeWholeStructs) {
  for (const StructTable* table : kTables) {
    SCOPED_TRACE(table->name);
    EXPECT_EQ(table->ends[0], 4u);
    EXPECT_EQ(table->ends[table->end_count - 1], table->size);
    EXPECT_TRUE(std::is_sorted(table->ends, table->ends + table->end_count));
    EXPECT_TRUE(IsBoundary(*table, table->min_size));
  }
}

TEST(RecordsTest, CopyInTakesExactlyTheSizesItShould) {
  for (const StructTable* table : kTables) {
    for (uint32_t size = 0; size <= 2 * table->size; ++size) {
      SCOPED_TRACE(std::string(table->name) + " size " + std::to_string(size));
      auto input = Block(size, 0);
      auto output = Block(table->size, 0xAB);
      for (uint32_t i = 4; i < std::min(size, table->size); ++i) {
        input[i] = IsReserved(*table, i) ? 0 : static_cast<uint8_t>(i | 1);
      }
      const Outcome outcome =
          CopyInBytes(*table, input.get(), size, output.get());
      const bool fits = size >= table->min_size &&
                        (size >= table->size || IsBoundary(*table, size));
      ASSERT_EQ(outcome.code(), fits ? INLAY_OK : INLAY_ERR_INVALID_ARGUMENT);
      if (!fits) continue;
      for (uint32_t i = 4; i < table->size; ++i) {
        const int expected =
            i < size && !IsReserved(*table, i) ? (i | 1) & 0xFF : 0;
        ASSERT_EQ(output[i], expected) << "byte " << i;
      }
    }
  }
}

TEST(RecordsTest, EveryDirtyByteOfAnUnknownTailIsRefused) {
  for (const StructTable* table : kTables) {
    SCOPED_TRACE(table->name);
    const uint32_t size = table->size + 24;
    auto output = Block(table->size, 0);
    for (uint32_t dirty = table->size; dirty < size; ++dirty) {
      auto input = Block(size, 0);
      input[dirty] = 1;
      EXPECT_EQ(CopyInBytes(*table, input.get(), size, output.get()).code(),
                INLAY_ERR_UNSUPPORTED_FIELD);
    }
  }
}

TEST(RecordsTest, EveryDirtyReservedByteIsRefused) {
  for (const StructTable* table : kTables) {
    SCOPED_TRACE(table->name);
    auto output = Block(table->size, 0);
    for (uint32_t dirty = 0; dirty < table->size; ++dirty) {
      if (!IsReserved(*table, dirty)) continue;
      auto input = Block(table->size, 0);
      input[dirty] = 0x80;
      EXPECT_EQ(
          CopyInBytes(*table, input.get(), table->size, output.get()).code(),
          INLAY_ERR_UNSUPPORTED_FIELD);
    }
  }
}

TEST(RecordsTest, AbsurdSizesAreRefusedBeforeAnythingIsRead) {
  for (const StructTable* table : kTables) {
    unsigned char byte = 0;
    auto output = Block(table->size, 0);
    for (const uint32_t size : {kMaxStructSize + 1, 0x7FFFFFFFu, UINT32_MAX}) {
      EXPECT_EQ(CopyInBytes(*table, &byte, size, output.get()).code(),
                INLAY_ERR_INVALID_ARGUMENT);
    }
  }
}

TEST(RecordsTest, WriteOutFillsWholeFieldsAndNothingElse) {
  inlay_event event = INLAY_EVENT_INIT;
  std::memset(reinterpret_cast<char*>(&event) + 4, 0x5A, sizeof(event) - 4);
  const StructTable& table = TableFor<inlay_event>::kTable;
  for (uint32_t size = 4; size <= 2 * sizeof(event); ++size) {
    // One redzone byte of room, so that an overrun is seen without tools too.
    auto output = Block(size + 1, 0xEE);
    WriteOutSized(event, size, output.get());
    const uint32_t written = StructSizeOf(output.get());
    ASSERT_LE(written, size);
    ASSERT_TRUE(IsBoundary(table, written)) << size;
    ASSERT_TRUE(size >= sizeof(event) ? written == sizeof(event)
                                      : size - written < 8)
        << size;
    for (uint32_t i = 4; i < written; ++i) ASSERT_EQ(output[i], 0x5A) << i;
    for (uint32_t i = written; i <= size; ++i) ASSERT_EQ(output[i], 0xEE) << i;
  }
}

TEST(RecordsTest, ArrayElementsAreFoundByTheStride) {
  for (const size_t stride :
       {sizeof(inlay_prompt_part), sizeof(inlay_prompt_part) + 16}) {
    std::vector<uint64_t> memory(stride * 3 / 8);
    auto* bytes = reinterpret_cast<char*>(memory.data());
    for (int i = 0; i < 3; ++i) {
      inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
      part.struct_size = static_cast<uint32_t>(stride);
      part.token_count = static_cast<size_t>(i + 1);
      std::memcpy(bytes + stride * static_cast<size_t>(i), &part, sizeof(part));
    }
    const auto* array = reinterpret_cast<const inlay_prompt_part*>(bytes);
    for (size_t i = 0; i < 3; ++i) {
      inlay_prompt_part part;
      ASSERT_TRUE(CopyInElement(array, stride, i, "part", &part).ok());
      EXPECT_EQ(part.token_count, i + 1);
      EXPECT_EQ(part.struct_size, sizeof(part));
    }
  }
}

TEST(RecordsTest, AnElementLargerThanTheStrideIsRefused) {
  inlay_prompt_part parts[2] = {INLAY_PROMPT_PART_INIT, INLAY_PROMPT_PART_INIT};
  inlay_prompt_part part;
  EXPECT_EQ(CopyInElement(parts, 24, 0, "part", &part).code(),
            INLAY_ERR_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace inlay::capi
