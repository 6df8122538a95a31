#include "cpp/formats/safetensors.h"

#include <string>
#include <vector>

#include "cpp/formats/hugging_face.h"
#include "cpp/io/folder.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::formats {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

std::vector<uint8_t> Bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string File(const std::string& header, size_t data) {
  std::string file(8, '\0');
  for (size_t i = 0; i < 8; ++i) {
    file[i] = static_cast<char>(header.size() >> (8 * i));
  }
  return file + header + std::string(data, '\1');
}

Status Read(const std::string& file, std::vector<TensorInfo>* tensors) {
  const auto source = io::OpenMemory(
      {reinterpret_cast<const uint8_t*>(file.data()), file.size()}, {});
  return ReadSafetensors(**source, 0, file.size(), "x.safetensors", tensors);
}

void ExpectFault(const std::string& file, StatusCode code,
                 const std::string& text) {
  std::vector<TensorInfo> tensors;
  const Status status = Read(file, &tensors);
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(status.message(), HasSubstr(text));
}

std::string Entry(const std::string& name, const std::string& type,
                  const std::string& shape, const std::string& range) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":[" + shape +
         "],\"data_offsets\":[" + range + "]}";
}

TEST(Safetensors, ReadsTypesShapesAndOffsets) {
  const std::string header = "{\"__metadata__\":{\"a\":\"b\"}," +
                             Entry("w", "F32", "2,3", "0,24") + "," +
                             Entry("v", "BF16", "4", "24,32") + "," +
                             Entry("s", "F16", "", "32,34") + "}";
  std::vector<TensorInfo> tensors;
  const Status status = Read(File(header, 34), &tensors);
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].name, "w");
  EXPECT_EQ(tensors[0].type, DType::kF32);
  EXPECT_EQ(tensors[0].rows(), 2);
  EXPECT_EQ(tensors[0].columns(), 3);
  EXPECT_EQ(tensors[0].offset, 8 + header.size());
  EXPECT_EQ(tensors[1].type, DType::kBF16);
  EXPECT_EQ(tensors[1].offset, 8 + header.size() + 24);
  EXPECT_EQ(tensors[2].type, DType::kF16);
  EXPECT_EQ(tensors[2].elements(), 1);
}

TEST(Safetensors, RefusesRangesThatAreWrong) {
  const auto two = [](const std::string& a, const std::string& b) {
    return "{" + Entry("a", "I8", "4", a) + "," + Entry("b", "I8", "4", b) +
           "}";
  };
  ExpectFault(File(two("0,4", "2,6"), 6), StatusCode::kDataLoss, "overlaps");
  ExpectFault(File(two("0,4", "6,10"), 10), StatusCode::kDataLoss, "gap");
  ExpectFault(File(two("0,4", "4,8"), 7), StatusCode::kDataLoss, "\"b\"");
  ExpectFault(File(two("0,4", "4,8"), 9), StatusCode::kDataLoss, "behind");
  ExpectFault(File(two("0,4", "4,9"), 9), StatusCode::kDataLoss, "spans 5");
  ExpectFault(File(two("4,0", "4,8"), 8), StatusCode::kInvalidArgument,
              "rising");
  ExpectFault(File(two("0,4", "-4,8"), 8), StatusCode::kInvalidArgument,
              "\"b\"");
  ExpectFault(File(two("0,4", "4,8,9"), 8), StatusCode::kInvalidArgument,
              "pair");
}

TEST(Safetensors, RefusesTypesAndShapesThatAreWrong) {
  const auto one = [](const std::string& type, const std::string& shape) {
    return File("{" + Entry("w", type, shape, "0,4") + "}", 4);
  };
  ExpectFault(one("F4", "4"), StatusCode::kUnimplemented, "F4");
  ExpectFault(one("F32", "0"), StatusCode::kInvalidArgument, "dimension");
  ExpectFault(one("F32", "-1"), StatusCode::kInvalidArgument, "dimension");
  ExpectFault(one("F32", "1.5"), StatusCode::kInvalidArgument, "shape");
  ExpectFault(one("F32", "1,1,1,1,1"), StatusCode::kUnimplemented, "4");
  ExpectFault(one("F32", "4294967296,4294967296"), StatusCode::kDataLoss,
              "too many");
  ExpectFault(File("{\"w\":3}", 0), StatusCode::kInvalidArgument, "\"w\"");
}

TEST(Safetensors, RefusesHeadersThatAreWrong) {
  ExpectFault("1234567", StatusCode::kDataLoss, "7 bytes");
  ExpectFault(File("{}", 0).substr(0, 9), StatusCode::kDataLoss, "header");
  std::string long_header(8, '\0');
  long_header[3] = 0x0C;  // 201,326,592 bytes
  ExpectFault(long_header + "{}", StatusCode::kResourceExhausted, "100000000");
  ExpectFault(File("[]", 0), StatusCode::kInvalidArgument, "object");
  ExpectFault(File("{", 0), StatusCode::kInvalidArgument, "JSON");
  ExpectFault(File(std::string(100'000, '[') + std::string(100'000, ']'), 0),
              StatusCode::kInvalidArgument, "nested");
}

StatusOr<std::shared_ptr<const ModelFile>> OpenWith(
    std::vector<io::MemoryFile> files, const std::string& config = "{}") {
  files.push_back({"config.json", Bytes(config)});
  return OpenHuggingFace(*io::MakeMemoryFolder(std::move(files)));
}

TEST(HuggingFace, ConfigBecomesMetadata) {
  const std::string weights = File("{" + Entry("w", "I8", "4", "0,4") + "}", 4);
  const auto file = OpenWith(
      {{"model.safetensors", Bytes(weights)},
       {"generation_config.json", Bytes("{\"temperature\":0.5}")}},
      "{\"a\":1,\"b\":{\"c\":[1,2],\"d\":null},\"e\":[1,\"x\"],\"f\":[1,2.5]}");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->naming(), Naming::kHuggingFace);
  EXPECT_EQ(*(*file)->Get<int64_t>("a"), 1);
  EXPECT_EQ(std::get<std::vector<int64_t>>(*(*file)->Find("b.c")).size(), 2u);
  EXPECT_EQ((*file)->Find("b.d"), nullptr);
  EXPECT_EQ(*(*file)->Get<std::string>("e"), "[1,\"x\"]");
  EXPECT_EQ(std::get<std::vector<double>>(*(*file)->Find("f"))[1], 2.5);
  EXPECT_EQ(*(*file)->Get<double>("generation_config.temperature"), 0.5);
}

TEST(HuggingFace, RefusesConfigsThatAreWrong) {
  const std::string weights = File("{}", 0);
  const auto fault = [&weights](const std::string& config) {
    return OpenWith({{"model.safetensors", Bytes(weights)}}, config).status();
  };
  EXPECT_THAT(fault("{\"a\":1,\"a\":2}").message(), HasSubstr("\"a\""));
  EXPECT_THAT(fault("[]").message(), HasSubstr("config.json"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_EQ(fault(deep).code(), StatusCode::kInvalidArgument);
  std::string many = "{\"a0\":0";
  for (int i = 1; i < 70'000; ++i) many += ",\"a" + std::to_string(i) + "\":0";
  EXPECT_EQ(fault(many + "}").code(), StatusCode::kResourceExhausted);
}

TEST(HuggingFace, ChecksTheIndex) {
  const auto weights = [](const std::string& name) {
    return Bytes(File("{" + Entry(name, "I8", "4", "0,4") + "}", 4));
  };
  const auto open = [&](const std::string& map, const std::string& second) {
    return OpenWith({{"1.safetensors", weights("a")},
                     {"2.safetensors", weights(second)},
                     {"model.safetensors.index.json",
                      Bytes("{\"weight_map\":{" + map + "}}")}})
        .status();
  };
  const std::string map = "\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"";
  EXPECT_TRUE(open(map, "b").ok()) << open(map, "b");
  EXPECT_THAT(open(map, "a").message(), HasSubstr("\"a\" is there twice"));
  EXPECT_EQ(open(map, "c").code(), StatusCode::kDataLoss);
  for (const char* name : {"../1.safetensors", "/etc/passwd", "", "..",
                           "x/1.safetensors", "x\\\\y"}) {
    const Status status = open("\"a\":\"" + std::string(name) + "\"", "b");
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  }
  EXPECT_EQ(open("\"a\":\"3.safetensors\"", "b").code(), StatusCode::kNotFound);
  EXPECT_EQ(open("", "b").code(), StatusCode::kInvalidArgument);
}

TEST(HuggingFace, NamesWhatIsMissing) {
  EXPECT_EQ(OpenWith({}).status().code(), StatusCode::kNotFound);
  const Status pickle = OpenWith({{"pytorch_model.bin", {1}}}).status();
  EXPECT_EQ(pickle.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(pickle.message(), HasSubstr("run code"));
}

}  // namespace
}  // namespace inlay::formats
