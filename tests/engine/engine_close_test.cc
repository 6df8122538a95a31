#include <chrono>
#include <future>
#include <thread>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineCloseTest : public EngineFixture {};

TEST_F(EngineCloseTest, AtEveryStepInBothModes) {
  for (const CloseMode mode : {CloseMode::kDrain, CloseMode::kCancel}) {
    for (int steps = 0; steps < 20; ++steps) {
      EngineOptions options = HostDriven();
      options.max_step_tokens = 16;
      options.max_concurrency = 2;
      options.max_pending_events = 2;
      MakeEngine(options);
      const auto prompt = Prompt(60, 1);
      const uint64_t id = MustSubmit(Tokens(prompt, 10));
      const uint64_t waits = MustSubmit(Tokens(prompt, 10));
      const uint64_t queued = MustSubmit(Tokens(prompt, 10));
      for (int i = 0; i < steps; ++i) ASSERT_TRUE(engine_->Step().ok());
      EXPECT_TRUE(engine_->Close(mode, -1).ok());
      EXPECT_EQ(engine_->state(), EngineState::kClosed);
      EXPECT_TRUE(engine_->Close(CloseMode::kCancel, 0).ok());
      Outputs outputs;
      Drain(&outputs);
      ASSERT_EQ(outputs.size(), 3u);
      ExpectOneEndEach(outputs);
      ExpectNothingHeld();
      for (const uint64_t each : {id, waits, queued}) {
        if (mode == CloseMode::kDrain) {
          EXPECT_EQ(outputs[each].tokens, Expected(prompt, 10));
        } else if (outputs[each].reason != FinishReason::kLength) {
          EXPECT_EQ(outputs[each].reason, FinishReason::kCancelled);
        }
      }
      EXPECT_EQ(engine_->Poll(1, -1).status().code(),
                absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(engine_->Submit(Tokens({1}, 1)).status().code(),
                absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(engine_->Step().status().code(),
                absl::StatusCode::kFailedPrecondition);
    }
  }
}

TEST_F(EngineCloseTest, DrainThatTakesTooLongCancels) {
  control_->on_step = [](const scheduler::StepPlan&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return OkStatus();
  };
  for (const bool host_driven : {false, true}) {
    EngineOptions options;
    options.host_driven = host_driven;
    MakeEngine(options);
    const uint64_t id = MustSubmit(Tokens({1}, 400));
    EXPECT_EQ(engine_->Close(CloseMode::kDrain, 20'000'000).code(),
              absl::StatusCode::kDeadlineExceeded);
    Outputs outputs;
    Drain(&outputs);
    EXPECT_EQ(outputs[id].reason, FinishReason::kCancelled);
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
  }
}

TEST_F(EngineCloseTest, AStepInFlightEndsFirst) {
  std::promise<void> entered;
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  bool first = true;
  control_->on_step = [&](const scheduler::StepPlan&) {
    if (std::exchange(first, false)) {
      entered.set_value();
      released.wait();
    } else {
      // Were the cancel late, the request would still be there.
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return OkStatus();
  };
  MakeEngine({});
  const uint64_t id = MustSubmit(Tokens({1}, 500));
  entered.get_future().wait();
  std::thread drains([&] {
    const Status status = engine_->Close(CloseMode::kDrain, -1);
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  });
  // A second close does not wait for the first one's drain.
  while (engine_->state() != EngineState::kDraining) std::this_thread::yield();
  std::thread cancels(
      [&] { EXPECT_TRUE(engine_->Close(CloseMode::kCancel, 0).ok()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  release.set_value();
  drains.join();
  cancels.join();
  Outputs outputs;
  Drain(&outputs);
  EXPECT_EQ(outputs[id].terminals, 1);
  EXPECT_EQ(engine_->state(), EngineState::kClosed);
}

TEST_F(EngineCloseTest, UnblocksPollAndScore) {
  MakeEngine({});
  std::thread polls([&] {
    EXPECT_EQ(engine_->Poll(8, -1).status().code(),
              absl::StatusCode::kFailedPrecondition);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(engine_->Close(CloseMode::kCancel, 0).ok());
  polls.join();
  float logits[kVocabulary];
  EXPECT_EQ(engine_->Score({1}, logits).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(EngineCloseTest, ADestroyedEngineGivesEverythingBack) {
  const uint64_t before = context_->memory()->used_bytes();
  for (const bool host_driven : {false, true}) {
    EngineOptions options;
    options.host_driven = host_driven;
    MakeEngine(options);
    EXPECT_EQ(control_->live_executors.load(), 1);
    for (int i = 0; i < 5; ++i) MustSubmit(Tokens({1, 2}, 300));
    engine_.reset();
    EXPECT_EQ(control_->live_executors.load(), 0);
    EXPECT_EQ(context_->memory()->used_bytes(), before);
  }
}

}  // namespace
}  // namespace inlay::engine
