#include <future>
#include <mutex>
#include <thread>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineCallbackTest : public EngineFixture {
 protected:
  Outputs TakeOutputs() {
    std::lock_guard<std::mutex> lock(mutex_);
    return outputs_;
  }
  std::function<void(const std::vector<Event>&)> Collect() {
    return [this](const std::vector<Event>& events) {
      std::lock_guard<std::mutex> lock(mutex_);
      for (const Event& event : events) outputs_[event.request_id].Add(event);
    };
  }

  std::mutex mutex_;
  Outputs outputs_;
};

TEST_F(EngineCallbackTest, DeliversEverythingBeforeCloseReturns) {
  for (const bool host_driven : {false, true}) {
    outputs_.clear();
    EngineOptions options;
    options.host_driven = host_driven;
    options.on_events = Collect();
    MakeEngine(options);
    EXPECT_EQ(engine_->Poll(1, 0).status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_FALSE(engine_->InCallback());
    const auto prompt = Prompt(40, 2);
    for (int i = 0; i < 20; ++i) MustSubmit(Tokens(prompt, 30));
    EXPECT_TRUE(engine_->Close(CloseMode::kDrain, -1).ok());
    Outputs outputs = TakeOutputs();
    EXPECT_EQ(outputs.size(), 20u);
    ExpectOneEndEach(outputs);
    for (const auto& [id, output] : outputs) {
      EXPECT_EQ(output.tokens, Expected(prompt, 30));
    }
    ExpectNothingHeld();
  }
}

TEST_F(EngineCallbackTest, MayCallBackButNotBlock) {
  std::promise<void> done;
  std::atomic<uint64_t> second{0};
  // Slow enough that the second request is still live when it is cancelled.
  control_->on_step = [](const scheduler::StepPlan&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return OkStatus();
  };
  EngineOptions options;
  options.on_events = [&](const std::vector<Event>& events) {
    EXPECT_TRUE(engine_->InCallback());
    EXPECT_EQ(engine_->Close(CloseMode::kCancel, 0).code(),
              absl::StatusCode::kAborted);
    EXPECT_EQ(engine_->Poll(1, 0).status().code(), absl::StatusCode::kAborted);
    EXPECT_EQ(engine_->Step().status().code(), absl::StatusCode::kAborted);
    float logits[kVocabulary];
    EXPECT_EQ(engine_->Score({1}, logits).code(), absl::StatusCode::kAborted);
    EXPECT_GT(engine_->stats().submitted, 0u);
    for (const Event& event : events) {
      if (event.kind != EventKind::kFinished) continue;
      if (second == 0) {
        second = MustSubmit(Tokens({1}, 0));
        EXPECT_EQ(engine_->Cancel(second, CancelMode::kStop), OkStatus());
      } else if (event.request_id == second) {
        done.set_value();
      }
    }
  };
  MakeEngine(options);
  MustSubmit(Tokens({1, 2, 3}, 5));
  ASSERT_EQ(done.get_future().wait_for(std::chrono::seconds(10)),
            std::future_status::ready);
  EXPECT_TRUE(engine_->Close(CloseMode::kDrain, -1).ok());
}

TEST_F(EngineCallbackTest, AThrowingCallbackHarmsNothing) {
  std::atomic<int> calls{0};
  EngineOptions options;
  options.on_events = [&](const std::vector<Event>&) {
    ++calls;
    throw 1;
  };
  MakeEngine(options);
  MustSubmit(Tokens({1}, 5));
  EXPECT_TRUE(engine_->Close(CloseMode::kDrain, -1).ok());
  EXPECT_GT(calls.load(), 0);
  ExpectNothingHeld();
}

TEST_F(EngineCallbackTest, MayReleaseTheEngine) {
  for (int round = 0; round < 20; ++round) {
    std::promise<void> ready;
    std::shared_future<void> go = ready.get_future().share();
    std::promise<void> released;
    std::atomic<bool> gone{false};
    EngineOptions options;
    options.on_events = [&](const std::vector<Event>&) {
      go.wait();
      EXPECT_FALSE(gone.load()) << "called after the release";
      gone = true;
      engine_.reset();
      released.set_value();
    };
    MakeEngine(options);
    MustSubmit(Tokens({1}, 50));
    ready.set_value();
    ASSERT_EQ(released.get_future().wait_for(std::chrono::seconds(10)),
              std::future_status::ready);
    EXPECT_EQ(control_->live_executors.load(), 0);
    // Joins the delivery thread.
    model_.reset();
    context_.reset();
    MakeModel();
  }
}

TEST_F(EngineCallbackTest, ASlowCallbackPausesOnlyItsRequest) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  EngineOptions options;
  options.max_pending_events = 4;
  auto collect = Collect();
  options.on_events = [&](const std::vector<Event>& events) {
    released.wait();
    collect(events);
  };
  MakeEngine(options);
  MustSubmit(Tokens({1}, 200));
  // The request pauses: the engine stops stepping while the callback hangs.
  int64_t steps = -1;
  while (steps != control_->steps.load()) {
    steps = control_->steps.load();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_LT(steps, 20);
  release.set_value();
  EXPECT_TRUE(engine_->Close(CloseMode::kDrain, -1).ok());
  Outputs outputs = TakeOutputs();
  EXPECT_EQ(outputs.begin()->second.tokens, Expected({1}, 200));
}

}  // namespace
}  // namespace inlay::engine
