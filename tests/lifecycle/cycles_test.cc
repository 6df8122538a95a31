// A thousand lives in one process leave nothing behind.
#include <iostream>

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
  for (int i = 0; i < 100 && !HasFatalFailure(); ++i) LiveOnce();
  const int descriptors = OpenDescriptors();
  const int threads = LiveThreads();
  const int64_t resident = ResidentBytes();
  for (int i = 0; i < 900 && !HasFatalFailure(); ++i) LiveOnce();
  std::cout << "threads " << threads << " -> " << LiveThreads()
            << ", descriptors " << descriptors << " -> " << OpenDescriptors()
            << ", resident " << resident << " -> " << ResidentBytes() << "\n";
  EXPECT_EQ(OpenDescriptors(), descriptors);
  EXPECT_EQ(LiveThreads(), threads);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // Less than 600 bytes a cycle: fragments, not a leak of any object.
  EXPECT_LT(ResidentBytes() - resident, 512 << 10);
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
