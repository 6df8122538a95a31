// Cancel and close at every step of a run on the real backend.
#include <chrono>

#include "tests/lifecycle/harness.h"

namespace inlay::lifecycle {
namespace {

constexpr int kRequests = 3;

class EveryStep : public testing::Test {
 protected:
  // A host-driven engine with three requests: long prompt, short, one token.
  void Start(Stack* stack) {
    ASSERT_TRUE(stack->OpenModel());
    inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
    options.flags = INLAY_ENGINE_HOST_DRIVEN;
    ASSERT_TRUE(stack->CreateEngine(options));
    const int32_t prompts[kRequests] = {90, 5, 1};
    for (int i = 0; i < kRequests; ++i) {
      TokenRequest request(prompts[i], 6 + 3 * i);
      inlay_error error = INLAY_ERROR_INIT;
      ASSERT_EQ(inlay_submit(stack->engine, request.get(), &ids_[i], &error),
                INLAY_OK)
          << error.message;
    }
  }

  // Runs `limit` steps (or to the end); true if there was more to do.
  static bool Run(inlay_engine* engine, int limit) {
    int32_t more = 1;
    for (int i = 0; i < limit && more != 0; ++i) {
      EXPECT_EQ(inlay_engine_step(engine, &more, nullptr), INLAY_OK);
    }
    return more != 0;
  }

  static int32_t PagesUsed(inlay_engine* engine) {
    inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
    EXPECT_EQ(inlay_engine_get_stats(engine, &stats, nullptr), INLAY_OK);
    return stats.pages_used;
  }

  uint64_t ids_[kRequests] = {};
};

TEST_F(EveryStep, CancelEndsOnceAndGivesPagesBack) {
  for (int32_t mode : {INLAY_CANCEL_STOP, INLAY_CANCEL_DROP}) {
    bool more = true;
    for (int step = 0; more; ++step) {
      Stack stack;
      Start(&stack);
      if (HasFatalFailure()) return;
      more = Run(stack.engine, step);
      for (uint64_t id : ids_) inlay_cancel(id, mode, nullptr);
      Run(stack.engine, 1000);
      Ends ends;
      ends.Drain(stack.engine);
      for (uint64_t id : ids_) {
        EXPECT_EQ(ends.Of(id), 1u) << "step " << step;
        EXPECT_EQ(inlay_cancel(id, mode, nullptr), INLAY_ERR_NOT_FOUND);
      }
      EXPECT_EQ(PagesUsed(stack.engine), 0) << "step " << step;
    }
  }
}

TEST_F(EveryStep, CloseEndsOnceWithinTheBound) {
  for (int32_t mode : {INLAY_CLOSE_DRAIN, INLAY_CLOSE_CANCEL}) {
    bool more = true;
    for (int step = 0; more; ++step) {
      Stack stack;
      Start(&stack);
      if (HasFatalFailure()) return;
      more = Run(stack.engine, step);
      const auto start = std::chrono::steady_clock::now();
      const inlay_status status =
          inlay_engine_close(stack.engine, mode, kSecond, nullptr);
      EXPECT_LT(std::chrono::steady_clock::now() - start,
                std::chrono::seconds(2));
      EXPECT_TRUE(status == INLAY_OK || status == INLAY_ERR_DEADLINE_EXCEEDED);
      Ends ends;
      ends.Drain(stack.engine);
      for (uint64_t id : ids_) EXPECT_EQ(ends.Of(id), 1u) << "step " << step;
      EXPECT_EQ(PagesUsed(stack.engine), 0) << "step " << step;
      TokenRequest late(3, 1);
      uint64_t id = 0;
      EXPECT_EQ(inlay_submit(stack.engine, late.get(), &id, nullptr),
                INLAY_ERR_FAILED_PRECONDITION);
    }
  }
}

// Cancels the load at its n-th progress report.
struct CancelAt {
  int n = 0;
  int seen = 0;
  static int32_t Report(void* self, const char*, size_t, uint64_t, uint64_t) {
    auto* state = static_cast<CancelAt*>(self);
    return state->seen++ == state->n ? 1 : 0;
  }
};

TEST(Load, CancelAtEveryProgressReport) {
  for (int n = 0;; ++n) {
    Stack stack;
    inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
    ASSERT_EQ(inlay_context_create(&options, &stack.context, nullptr),
              INLAY_OK);
    const std::string path = TinyModel();
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.path = path.c_str();
    source.path_size = INLAY_NUL;
    CancelAt cancel{.n = n};
    inlay_model_options model_options = INLAY_MODEL_OPTIONS_INIT;
    model_options.progress = CancelAt::Report;
    model_options.progress_user_data = &cancel;
    inlay_load* load = nullptr;
    ASSERT_EQ(inlay_model_open_async(stack.context, &source, &model_options,
                                     &load, nullptr),
              INLAY_OK);
    const inlay_status status = inlay_load_wait(load, 2 * kSecond, nullptr);
    inlay_load_release(load);
    inlay_context_stats stats = INLAY_CONTEXT_STATS_INIT;
    ASSERT_EQ(inlay_context_get_stats(stack.context, &stats, nullptr),
              INLAY_OK);
    EXPECT_EQ(stats.memory_used_bytes, 0u) << "after report " << n;
    if (status == INLAY_OK) {
      EXPECT_GT(n, 0) << "no progress was ever reported";
      break;
    }
    EXPECT_EQ(status, INLAY_ERR_CANCELLED);
  }
}

TEST(Load, ReleasedWhileItRuns) {
  for (int i = 0; i < 50; ++i) {
    Stack stack;
    ASSERT_EQ(inlay_context_create(nullptr, &stack.context, nullptr), INLAY_OK);
    const std::string path = TinyModel();
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.path = path.c_str();
    source.path_size = INLAY_NUL;
    inlay_load* load = nullptr;
    ASSERT_EQ(
        inlay_model_open_async(stack.context, &source, nullptr, &load, nullptr),
        INLAY_OK);
    if (i % 2 == 0) inlay_load_cancel(load, nullptr);
    inlay_load_release(load);
  }
}

}  // namespace
}  // namespace inlay::lifecycle
