// Files that are no model, or not one of ours: the exact status, and a message
// that says what to do.
#include <unistd.h>

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/faults/model_bytes.h"

namespace inlay::faults {
namespace {

using testing::HasSubstr;

class BadFile : public testing::Test {
 protected:
  void SetUp() override {
    context_ = NewContext(0);
    ASSERT_NE(context_, nullptr);
    path_ = testing::TempDir() + "inlay_bad_file_" + std::to_string(getpid());
  }
  void TearDown() override {
    unlink(path_.c_str());
    // After each of them a good file still opens and runs.
    inlay_model* model = nullptr;
    EXPECT_EQ(Open(TinyModelPath(), &model), INLAY_OK) << error_.message;
    EXPECT_EQ(GenerateTwo(model, &error_), INLAY_OK) << error_.message;
    inlay_model_release(model);
    inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
    inlay_context_get_stats(context_, &stats, nullptr);
    EXPECT_EQ(stats.memory_used_bytes, 0u);
    inlay_context_release(context_);
  }

  inlay_status Open(const std::string& path, inlay_model** model) {
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.path = path.c_str();
    source.path_size = path.size();
    return inlay_model_open(context_, &source, nullptr, model, &error_);
  }
  void Expect(const std::string& path, inlay_status status,
              const char* message) {
    // Not null, so that it is seen to be cleared.
    auto* model = reinterpret_cast<inlay_model*>(this);
    EXPECT_EQ(Open(path, &model), status) << error_.message;
    EXPECT_EQ(model, nullptr);
    EXPECT_THAT(std::string(error_.message), HasSubstr(message));
    EXPECT_EQ(error_.code, status);
  }
  void ExpectBytes(const std::string& bytes, inlay_status status,
                   const char* message) {
    std::ofstream(path_, std::ios::binary) << bytes;
    Expect(path_, status, message);
  }
  static std::string Good() {
    const std::vector<uint8_t> bytes = ReadAll(TinyModelPath());
    return {bytes.begin(), bytes.end()};
  }

  inlay_context* context_ = nullptr;
  inlay_error error_ = INLAY_ERROR_INIT;
  std::string path_;
};

TEST_F(BadFile, Missing) {
  Expect("/no/such/folder/model.gguf", INLAY_ERR_NOT_FOUND,
         "/no/such/folder/model.gguf");
}
TEST_F(BadFile, Folder) {
  Expect(testing::TempDir(), INLAY_ERR_INVALID_ARGUMENT, "directory");
}
TEST_F(BadFile, Device) {
  Expect("/dev/zero", INLAY_ERR_INVALID_ARGUMENT, "not a file");
}
TEST_F(BadFile, Empty) { ExpectBytes("", INLAY_ERR_INVALID_ARGUMENT, "empty"); }
TEST_F(BadFile, ThreeBytes) {
  ExpectBytes("GGU", INLAY_ERR_INVALID_ARGUMENT, "truncated");
}
TEST_F(BadFile, NoModel) {
  ExpectBytes("#!/bin/sh\necho this is a script, not a model\n",
              INLAY_ERR_INVALID_ARGUMENT, "GGUF");
}
TEST_F(BadFile, Truncated) {
  const std::string good = Good();
  ExpectBytes(good.substr(0, good.size() / 2), INLAY_ERR_DATA_LOSS, "byte");
  ExpectBytes(good.substr(0, 100), INLAY_ERR_DATA_LOSS, "byte");
}
TEST_F(BadFile, OldVersion) {
  std::string bytes = Good();
  bytes[4] = 1;
  ExpectBytes(bytes, INLAY_ERR_UNSUPPORTED, "version 1");
}
TEST_F(BadFile, NewVersion) {
  std::string bytes = Good();
  bytes[4] = 4;
  ExpectBytes(bytes, INLAY_ERR_UNSUPPORTED, "version 4");
}
TEST_F(BadFile, BigEndian) {
  std::string bytes = Good();
  std::swap(bytes[4], bytes[7]);
  std::swap(bytes[5], bytes[6]);
  ExpectBytes(bytes, INLAY_ERR_UNSUPPORTED, "big-endian");
}
TEST_F(BadFile, PathWithNul) {
  Expect(std::string("a\0b", 3), INLAY_ERR_INVALID_ARGUMENT, "path");
  Expect("", INLAY_ERR_INVALID_ARGUMENT, "path is empty");
}

TEST_F(BadFile, UnusableDevice) {
  for (const char* device : {"cuda:0", "CPU", "no such device"}) {
    inlay_model_options options = INLAY_MODEL_OPTIONS_INIT;
    options.device = device;
    options.device_size = INLAY_NUL;
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    const std::string path = TinyModelPath();
    source.path = path.c_str();
    source.path_size = INLAY_NUL;
    inlay_model* model = nullptr;
    const inlay_status status =
        inlay_model_open(context_, &source, &options, &model, &error_);
    EXPECT_EQ(status, INLAY_ERR_NOT_FOUND) << error_.message;
    EXPECT_THAT(std::string(error_.message), HasSubstr(device));
    EXPECT_EQ(model, nullptr);
  }
}

TEST_F(BadFile, UnknownOptionKeys) {
  inlay_options* options = nullptr;
  ASSERT_EQ(inlay_options_create(&options, nullptr), INLAY_OK);
  const auto set = [&](const char* key, const char* value) {
    return inlay_options_set(options, key, INLAY_NUL, value, INLAY_NUL,
                             &error_);
  };
  EXPECT_EQ(set("no.such.key", "1"), INLAY_ERR_NOT_FOUND);
  EXPECT_THAT(std::string(error_.message), HasSubstr("no.such.key"));
  inlay_option_info info = INLAY_OPTION_INFO_INIT;
  for (size_t i = 0; i < inlay_option_count(); ++i) {
    ASSERT_EQ(inlay_option_get_info(i, &info, nullptr), INLAY_OK);
    EXPECT_EQ(set(info.key, "\xff nonsense"), INLAY_ERR_INVALID_ARGUMENT);
    EXPECT_THAT(std::string(error_.message), HasSubstr(info.key));
    EXPECT_EQ(set(info.key, info.default_value), INLAY_OK) << info.key;
  }
  inlay_options_release(options);
}

}  // namespace
}  // namespace inlay::faults
