// A thousand lives in one process leave nothing behind.
#include <algorithm>
#include <iostream>
#include <vector>

#include "tests/lifecycle/harness.h"

namespace inlay::lifecycle {
namespace {

void LiveOnce() {
  Stack stack;
  ASSERT_TRUE(stack.OpenModel());
  ASSERT_TRUE(stack.CreateEngine(INLAY_ENGINE_OPTIONS_INIT));
  TokenRequest request(5, 4);
  inlay_generation* generation = nullptr;
  inlay_error error = INLAY_ERROR_INIT;
  ASSERT_EQ(inlay_generate(stack.engine, request.get(), &generation, &error),
            INLAY_OK)
      << error.message;
  inlay_event event = INLAY_EVENT_INIT;
  ASSERT_EQ(inlay_generation_get(generation, &event, nullptr), INLAY_OK);
  EXPECT_EQ(event.generated_tokens, 4);
  inlay_generation_release(generation);
  ASSERT_EQ(inlay_engine_close(stack.engine, INLAY_CLOSE_CANCEL, 0, nullptr),
            INLAY_OK);
}

TEST(Lifecycle, AThousandOpenGenerateCloseCycles) {
  LiveOnce();
  const int descriptors = OpenDescriptors();
  const int threads = LiveThreads();
  std::vector<int64_t> resident;  // after every hundred
  for (int i = 1; i < 1000 && !HasFatalFailure(); ++i) {
    LiveOnce();
    if (i % 100 == 99) resident.push_back(ResidentBytes());
  }
  ASSERT_EQ(resident.size(), 10u);
  std::cout << "threads " << threads << " -> " << LiveThreads()
            << ", descriptors " << descriptors << " -> " << OpenDescriptors()
            << ", resident " << resident.front() << " -> " << resident.back()
            << "\n";
  EXPECT_EQ(OpenDescriptors(), descriptors);
  EXPECT_EQ(LiveThreads(), threads);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // The heap's free pages come and go by a few hundred kB, so the lowest of
  // the last is held against the highest of the first: a leak of 600 bytes a
  // cycle, less than any object here, would show.
  const int64_t first =
      *std::max_element(resident.begin(), resident.begin() + 4);
  const int64_t last = *std::min_element(resident.end() - 4, resident.end());
  EXPECT_LT(last - first, 256 << 10);
#endif
}

TEST(Lifecycle, ReleaseOrderDoesNotMatter) {
  Stack stack;
  ASSERT_TRUE(stack.OpenModel());
  ASSERT_TRUE(stack.CreateEngine(INLAY_ENGINE_OPTIONS_INIT));
  inlay_context_release(stack.context);
  stack.context = nullptr;
  inlay_model_release(stack.model);
  stack.model = nullptr;
  TokenRequest request(5, 2);
  inlay_generation* generation = nullptr;
  ASSERT_EQ(inlay_generate(stack.engine, request.get(), &generation, nullptr),
            INLAY_OK);
  inlay_engine_release(stack.engine);
  stack.engine = nullptr;
  inlay_event event = INLAY_EVENT_INIT;
  ASSERT_EQ(inlay_generation_get(generation, &event, nullptr), INLAY_OK);
  EXPECT_EQ(event.generated_tokens, 2);
  inlay_generation_release(generation);
}

}  // namespace
}  // namespace inlay::lifecycle
