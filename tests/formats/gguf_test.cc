#include "cpp/formats/gguf.h"

#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/formats/gguf_test_util.h"

namespace inlay::formats {
namespace {

using ::testing::ElementsAre;

template <typename T>
T ValueOf(const ModelFile& file, std::string_view key) {
  const MetadataValue* value = file.Find(key);
  if (value == nullptr || !std::holds_alternative<T>(*value)) {
    ADD_FAILURE() << key << " is absent or of another type";
    return T();
  }
  return std::get<T>(*value);
}

TEST(GgufTest, ReadsEveryKindOfValue) {
  const auto parsed = Parse(SmallModel().Build());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const ModelFile& file = **parsed;
  EXPECT_EQ(file.format(), "GGUF v3");
  EXPECT_EQ(file.metadata().size(), 16u);
  EXPECT_EQ(file.metadata()[0].key, "general.architecture");
  EXPECT_EQ(ValueOf<uint64_t>(file, "v.u8"), 250u);
  EXPECT_EQ(ValueOf<int64_t>(file, "v.i8"), -5);
  EXPECT_EQ(ValueOf<uint64_t>(file, "v.u16"), 65000u);
  EXPECT_EQ(ValueOf<int64_t>(file, "v.i16"), -300);
  EXPECT_EQ(ValueOf<int64_t>(file, "v.i32"), -70000);
  EXPECT_EQ(ValueOf<uint64_t>(file, "v.u64"), uint64_t{1} << 63);
  EXPECT_EQ(ValueOf<int64_t>(file, "v.i64"), -(int64_t{1} << 40));
  EXPECT_EQ(ValueOf<double>(file, "v.f32"), 0.5);
  EXPECT_EQ(ValueOf<double>(file, "v.f64"), 1e300);
  EXPECT_EQ(ValueOf<bool>(file, "v.bool"), true);
  EXPECT_THAT(ValueOf<std::vector<uint64_t>>(file, "a.u32"),
              ElementsAre(1, 2, 3));
  EXPECT_THAT(ValueOf<std::vector<double>>(file, "a.f32"),
              ElementsAre(0.5, -2.0));
  EXPECT_THAT(ValueOf<std::vector<bool>>(file, "a.bool"),
              ElementsAre(true, false));
  EXPECT_THAT(ValueOf<std::vector<std::string>>(file, "a.string"),
              ElementsAre("<s>", "", "hello"));
  EXPECT_EQ(file.Find("absent"), nullptr);
}

TEST(GgufTest, ReadsEveryIntegerArray) {
  GgufBuilder builder;
  builder.Array<uint8_t>("u8", kGgufU8, {0, 255})
      .Array<int8_t>("i8", kGgufI8, {-128, 127})
      .Array<uint16_t>("u16", kGgufU16, {65535})
      .Array<int16_t>("i16", kGgufI16, {-32768})
      .Array<int32_t>("i32", kGgufI32, std::vector<int32_t>(20000, -7))
      .Array<uint64_t>("u64", kGgufU64, {~uint64_t{0}})
      .Array<int64_t>("i64", kGgufI64, {INT64_MIN})
      .Array<double>("f64", kGgufF64, {0.1})
      .Array<int32_t>("empty", kGgufI32, {});
  const auto parsed = Parse(builder.Build());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const ModelFile& file = **parsed;
  EXPECT_THAT(ValueOf<std::vector<uint64_t>>(file, "u8"), ElementsAre(0, 255));
  EXPECT_THAT(ValueOf<std::vector<int64_t>>(file, "i8"),
              ElementsAre(-128, 127));
  EXPECT_THAT(ValueOf<std::vector<uint64_t>>(file, "u16"), ElementsAre(65535));
  EXPECT_THAT(ValueOf<std::vector<int64_t>>(file, "i16"), ElementsAre(-32768));
  EXPECT_EQ(ValueOf<std::vector<int64_t>>(file, "i32"),
            std::vector<int64_t>(20000, -7));
  EXPECT_THAT(ValueOf<std::vector<uint64_t>>(file, "u64"),
              ElementsAre(~uint64_t{0}));
  EXPECT_THAT(ValueOf<std::vector<int64_t>>(file, "i64"),
              ElementsAre(INT64_MIN));
  EXPECT_THAT(ValueOf<std::vector<double>>(file, "f64"), ElementsAre(0.1));
  EXPECT_TRUE(ValueOf<std::vector<int64_t>>(file, "empty").empty());
}

TEST(GgufTest, TensorsHaveRowMajorShapesAndAbsoluteOffsets) {
  const std::vector<uint8_t> bytes = SmallModel().Build();
  const auto parsed = Parse(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const ModelFile& file = **parsed;
  ASSERT_EQ(file.tensors().size(), 3u);
  const TensorInfo* norm = file.FindTensor("output_norm.weight");
  ASSERT_NE(norm, nullptr);
  EXPECT_EQ(norm->rank, 1);
  EXPECT_EQ(norm->columns(), 4);
  EXPECT_EQ(norm->rows(), 1);
  EXPECT_EQ(norm->bytes, 16u);
  EXPECT_EQ(norm->offset % 32, 0u);
  float values[4];
  std::memcpy(values, bytes.data() + norm->offset, sizeof(values));
  EXPECT_EQ(values[2], 3.0f);
  const TensorInfo* table = file.FindTensor("token_embd.weight");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->type, DType::kQ8_0);
  EXPECT_EQ(table->rank, 2);
  EXPECT_EQ(table->shape[0], 3);
  EXPECT_EQ(table->shape[1], 32);
  EXPECT_EQ(table->elements(), 96);
  EXPECT_EQ(table->bytes, 3u * 34);
  EXPECT_EQ(bytes[table->offset], 7);
  EXPECT_EQ(file.tensors()[2].type, DType::kF64);
  EXPECT_EQ(file.FindTensor("absent"), nullptr);
}

TEST(GgufTest, ReadsVersion2AndOtherAlignments) {
  GgufBuilder builder;
  builder.version = 2;
  builder.alignment = 128;
  builder.U32("general.alignment", 128)
      .FloatTensor("a", {1}, {1})
      .FloatTensor("b", {1}, {2});
  const auto parsed = Parse(builder.Build());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ((*parsed)->format(), "GGUF v2");
  EXPECT_EQ((*parsed)->tensors()[1].offset % 128, 0u);
  EXPECT_EQ((*parsed)->tensors()[1].offset - (*parsed)->tensors()[0].offset,
            128u);
}

TEST(GgufTest, AFileWithoutTensorsNeedsNoData) {
  GgufBuilder builder;
  builder.Strings("tokenizer.ggml.tokens", {"a", "b"});
  const auto parsed = Parse(builder.Build());
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE((*parsed)->tensors().empty());
  EXPECT_TRUE(Parse(GgufBuilder().Build()).ok());
}

// Files that Inlay cannot compute with can still be inspected.
TEST(GgufTest, EveryKnownTensorTypeParses) {
  for (uint32_t id = 0; id < 42; ++id) {
    GgufBuilder builder;
    builder.Tensor("t", id, {512}, std::vector<uint8_t>(512 * 8));
    const auto parsed = Parse(builder.Build());
    EXPECT_TRUE(parsed.ok()) << id << ": " << parsed.status();
  }
}

TEST(GgufTest, ReadsTheFileOfTheReferenceWriter) {
  const std::vector<uint8_t> bytes = ReadSmallGolden();
  const auto parsed = Parse(bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const ModelFile& file = **parsed;
  EXPECT_EQ(ValueOf<std::string>(file, "general.architecture"), "llama");
  EXPECT_EQ(ValueOf<uint64_t>(file, "t.u64"), (uint64_t{1} << 63) + 5);
  EXPECT_EQ(ValueOf<int64_t>(file, "t.i64"), -(int64_t{1} << 62));
  EXPECT_EQ(ValueOf<double>(file, "t.f32"), static_cast<double>(0.1f));
  EXPECT_EQ(ValueOf<double>(file, "t.f64"), 0.1);
  EXPECT_EQ(ValueOf<std::string>(file, "t.string"), "caf\u00e9 \u2603");
  EXPECT_THAT(ValueOf<std::vector<int64_t>>(file, "t.ints"),
              ElementsAre(1, -2, 3));
  EXPECT_THAT(ValueOf<std::vector<std::string>>(file, "t.strings"),
              ElementsAre("a", "", "\u2581b"));
  const TensorInfo* a = file.FindTensor("a.f32");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->shape[0], 2);
  EXPECT_EQ(a->shape[1], 3);
  std::vector<float> values(6);
  std::memcpy(values.data(), bytes.data() + a->offset, a->bytes);
  EXPECT_THAT(values, ElementsAre(0, 1, 2, 3, 4, 5));
  const TensorInfo* e = file.FindTensor("e.iq2_xxs");
  ASSERT_NE(e, nullptr);
  EXPECT_EQ(e->rank, 3);
  EXPECT_EQ(e->shape[0], 2);
  EXPECT_EQ(e->shape[1], 1);
  EXPECT_EQ(e->shape[2], 256);
  EXPECT_EQ(e->type, DType::kIQ2_XXS);
}

TEST(ModelFileTest, TypedLookUps) {
  const auto parsed = Parse(SmallModel().Build());
  ASSERT_TRUE(parsed.ok());
  const ModelFile& file = **parsed;
  EXPECT_EQ(**file.Get<int64_t>("v.u16"), 65000);
  EXPECT_EQ(**file.Get<int64_t>("v.i8"), -5);
  EXPECT_EQ(**file.Get<uint64_t>("v.u64"), uint64_t{1} << 63);
  EXPECT_EQ(**file.Get<double>("v.i8"), -5.0);
  EXPECT_EQ(**file.Get<double>("v.u8"), 250.0);
  EXPECT_EQ(**file.Get<double>("v.f32"), 0.5);
  EXPECT_EQ(**file.Get<bool>("v.bool"), true);
  EXPECT_EQ(**file.Get<std::string>("general.architecture"), "llama");
  EXPECT_FALSE(file.Get<int64_t>("absent")->has_value());
  for (const Status& status :
       {file.Get<int64_t>("v.u64").status(),
        file.Get<uint64_t>("v.i8").status(),
        file.Get<int64_t>("v.f32").status(), file.Get<bool>("v.u8").status(),
        file.Get<double>("v.bool").status(),
        file.Get<std::string>("a.string").status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("\""));
  }
}

}  // namespace
}  // namespace inlay::formats
