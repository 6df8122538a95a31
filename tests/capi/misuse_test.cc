// Every function with NULL, wrong, misaligned and released-like handles, and
// with unusable error records.
#include "tests/capi/misuse.h"

#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace {

TEST(MisuseTest, NullEverywhereIsAnInvalidArgument) {
  for (size_t i = 0; i < misuse_case_count; ++i) {
    const misuse_case& c = misuse_cases[i];
    SCOPED_TRACE(c.name);
    inlay_error error = INLAY_ERROR_INIT;
    const inlay_status status = c.call(nullptr, &error);
    EXPECT_EQ(status, c.fallible ? INLAY_ERR_INVALID_ARGUMENT : INLAY_OK);
    EXPECT_EQ(error.code, status);
    if (c.fallible) {
      EXPECT_NE(error.message_size, 0u);
      EXPECT_EQ(std::strlen(error.message), error.message_size);
      EXPECT_EQ(error.domain, INLAY_DOMAIN_ABI);
    }
    EXPECT_EQ(c.call(nullptr, nullptr), status);
  }
}

TEST(MisuseTest, AnUnusableErrorRecordIsRefusedAndNotWritten) {
  for (size_t i = 0; i < misuse_case_count; ++i) {
    const misuse_case& c = misuse_cases[i];
    if (!c.fallible) continue;
    SCOPED_TRACE(c.name);
    inlay_error error;
    for (const uint32_t size : {0u, 8u, 100u, 0xFFFFFFFFu}) {
      std::memset(&error, 0x77, sizeof(error));
      error.struct_size = size;
      EXPECT_EQ(c.call(nullptr, &error), INLAY_ERR_INVALID_ARGUMENT);
      EXPECT_EQ(error.code, 0x77777777);
      EXPECT_EQ(error.struct_size, size);
    }
  }
}

TEST(MisuseTest, AHandleOfAnotherKindIsAnInvalidArgument) {
  alignas(64) static unsigned char zeros[4096];
  inlay_error error = INLAY_ERROR_INIT;
  inlay_options* options = nullptr;
  inlay_context* context = nullptr;
  ASSERT_EQ(inlay_options_create(&options, &error), INLAY_OK);
  ASSERT_EQ(inlay_context_create(nullptr, &context, &error), INLAY_OK);
  for (size_t i = 0; i < misuse_case_count; ++i) {
    const misuse_case& c = misuse_cases[i];
    if (c.handle[0] == '\0') continue;
    SCOPED_TRACE(c.name);
    const bool takes_options = std::string(c.handle) == "inlay_options";
    void* const wrong[] = {
        zeros, zeros + 1,
        takes_options ? static_cast<void*>(context) : options};
    for (void* handle : wrong) {
      const inlay_status status = c.call(handle, &error);
      EXPECT_EQ(status, c.fallible ? INLAY_ERR_INVALID_ARGUMENT : INLAY_OK);
    }
  }
  // Both are still alive.
  EXPECT_EQ(inlay_options_retain(options, &error), INLAY_OK);
  EXPECT_EQ(inlay_context_retain(context, &error), INLAY_OK);
  for (int i = 0; i < 2; ++i) {
    inlay_options_release(options);
    inlay_context_release(context);
  }
}

TEST(MisuseTest, EveryExportedFunctionHasACase) {
  std::ifstream file(INLAY_SOURCE_DIR "/capi/api/generated/symbols.txt");
  std::set<std::string> expected, got;
  for (std::string line; std::getline(file, line);) expected.insert(line);
  for (size_t i = 0; i < misuse_case_count; ++i) {
    got.insert(misuse_cases[i].name);
  }
  EXPECT_EQ(expected, got);
  EXPECT_GT(got.size(), 50u);
}

TEST(CClientTest, LivesAWholeLife) {
  EXPECT_EQ(0, run_c_client(INLAY_SOURCE_DIR
                            "/tests/goldens/models/tiny-llama.gguf"));
}

}  // namespace
