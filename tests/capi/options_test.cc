#include <inlay/inlay.h>

#include <cstring>
#include <string>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

class OptionsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(inlay_options_create(&options, &error)); }
  void TearDown() override { inlay_options_release(options); }
  inlay_status Set(const char* key, const char* value) {
    return inlay_options_set(options, key, INLAY_NUL, value, INLAY_NUL, &error);
  }
  std::string Get(const char* key) {
    const char* value = nullptr;
    size_t size = 0;
    EXPECT_EQ(INLAY_OK, inlay_options_get(options, key, INLAY_NUL, &value,
                                          &size, &error));
    EXPECT_EQ(std::strlen(value), size);
    return std::string(value, size);
  }

  inlay_error error = INLAY_ERROR_INIT;
  inlay_options* options = nullptr;
};

TEST_F(OptionsTest, EveryListedOptionHasItsDefaultAndTakesIt) {
  ASSERT_GT(inlay_option_count(), 0u);
  for (size_t i = 0; i < inlay_option_count(); ++i) {
    inlay_option_info info = INLAY_OPTION_INFO_INIT;
    ASSERT_OK(inlay_option_get_info(i, &info, &error));
    SCOPED_TRACE(info.key);
    EXPECT_EQ(Get(info.key), std::string(info.default_value));
    EXPECT_STATUS(INLAY_OK, Set(info.key, info.default_value));
    EXPECT_GT(info.description_size, 0u);
    EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Set(info.key, "no such value"));
  }
  inlay_option_info info = INLAY_OPTION_INFO_INIT;
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_option_get_info(inlay_option_count(), &info, &error));
}

TEST_F(OptionsTest, AnUnknownKeyIsNamed) {
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND, Set("colour", "red"));
  EXPECT_STREQ(error.message, "unknown option 'colour'");
  const char* value = nullptr;
  EXPECT_STATUS(
      INLAY_ERR_NOT_FOUND,
      inlay_options_get(options, "colour", INLAY_NUL, &value, nullptr, &error));
}

TEST_F(OptionsTest, ValuesAreCheckedWhenSet) {
  EXPECT_STATUS(INLAY_OK, Set("kv_type", "f32"));
  EXPECT_EQ(Get("kv_type"), "f32");
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Set("kv_type", "f64"));
  EXPECT_NE(std::string(error.message).find("auto|f32|f16"), std::string::npos);
  EXPECT_EQ(Get("kv_type"), "f32");
  EXPECT_STATUS(INLAY_OK, Set("kv_type", ""));
  EXPECT_EQ(Get("kv_type"), "auto");
  EXPECT_STATUS(INLAY_OK, Set("max_step_tokens", "64"));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Set("max_step_tokens", "-1"));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Set("max_step_tokens", "65537"));
  for (const char* bad : {"64 ", "6x", "99999999999999999999", "0x10"}) {
    EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Set("max_step_tokens", bad));
  }
  EXPECT_EQ(Get("max_step_tokens"), "64");
}

TEST_F(OptionsTest, NumbersMayHaveAFraction) {
  EXPECT_EQ(Get("stall_factor"), "1.85");
  EXPECT_STATUS(INLAY_OK, Set("stall_factor", "2.25"));
  EXPECT_EQ(Get("stall_factor"), "2.25");
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Set("stall_factor", "0.9"));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Set("stall_factor", "1000.1"));
  for (const char* bad : {"nan", "inf", "-1", "1e3", "1,8", " 2", ".", "x"}) {
    EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Set("stall_factor", bad));
  }
  EXPECT_EQ(Get("stall_factor"), "2.25");
}

TEST_F(OptionsTest, WideNumbersAndNamesOfTheServingEngine) {
  EXPECT_STATUS(INLAY_OK, Set("swap_bytes", "1099511627776"));
  EXPECT_STATUS(INLAY_OK, Set("pause_timeout_ms", "-1"));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Set("pause_timeout_ms", "-2"));
  for (const char* name : {"fair", "fcfs", "priority", "deadline"}) {
    EXPECT_STATUS(INLAY_OK, Set("policy", name));
  }
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Set("policy", "random"));
  EXPECT_STATUS(INLAY_OK, Set("batching", "static"));
  EXPECT_STATUS(INLAY_OK, Set("prefix_cache", "off"));
  for (const char* name : {"bf16", "int8", "fp8"}) {
    EXPECT_STATUS(INLAY_OK, Set("kv_type", name));
  }
}

}  // namespace
