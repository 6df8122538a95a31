#include <new>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineFailureTest : public EngineFixture {
 protected:
  // Runs three requests into a failure at `step`; everything must end.
  void FailAt(int step, const std::function<Status()>& fail) {
    MakeModel();
    int count = 0;
    control_->on_step = [&](const scheduler::StepPlan&) {
      return ++count >= step ? fail() : OkStatus();
    };
    EngineOptions options = HostDriven();
    options.max_concurrency = 2;
    MakeEngine(options);
    for (int i = 0; i < 3; ++i) MustSubmit(Tokens(Prompt(5, i), 10));
    Outputs outputs = RunToEnd();
    Drain(&outputs);
    ASSERT_EQ(outputs.size(), 3u);
    ExpectOneEndEach(outputs);
    for (const auto& [id, output] : outputs) {
      EXPECT_EQ(output.last, EventKind::kFailed);
      EXPECT_EQ(output.reason, FinishReason::kError);
      EXPECT_FALSE(output.status.ok());
    }
    EXPECT_EQ(engine_->state(), EngineState::kFailed);
    ExpectNothingHeld();
    EXPECT_EQ(engine_->Submit(Tokens({1}, 1)).status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(engine_->Step().status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(engine_->Close(CloseMode::kDrain, -1).ok());
    EXPECT_EQ(engine_->state(), EngineState::kClosed);
  }
};

TEST_F(EngineFailureTest, AFailedStepEndsEveryRequestOnce) {
  for (int step = 1; step < 8; ++step) {
    FailAt(step, [] { return absl::InternalError("device lost"); });
  }
}

TEST_F(EngineFailureTest, AnExceptionIsAFailedStep) {
  FailAt(2, []() -> Status { throw 1; });
}

// One request after the other, the newest first, then the engine works again.
TEST_F(EngineFailureTest, AShortageThatLastsFailsTheRequests) {
  for (int step = 1; step < 8; ++step) {
    for (const bool thrown : {false, true}) {
      MakeModel();
      int count = 0;
      control_->on_step = [&](const scheduler::StepPlan&) -> Status {
        if (++count < step) return OkStatus();
        if (thrown) throw std::bad_alloc();
        return absl::ResourceExhaustedError("no memory");
      };
      MakeEngine(HostDriven());
      for (int i = 0; i < 3; ++i) MustSubmit(Tokens(Prompt(5, i), 10));
      std::vector<uint64_t> failed;
      Outputs outputs;
      while (*engine_->Step()) {
        const auto events = engine_->Poll(64, 0);
        ASSERT_TRUE(events.ok());
        for (const Event& event : *events) {
          outputs[event.request_id].Add(event);
          if (event.kind == EventKind::kFailed) {
            failed.push_back(event.request_id);
          }
        }
      }
      EXPECT_EQ(count, step - 1 + 9);
      ASSERT_EQ(failed.size(), 3u);
      EXPECT_GT(failed[0], failed[1]);
      EXPECT_GT(failed[1], failed[2]);
      ExpectOneEndEach(outputs);
      for (const auto& [id, output] : outputs) {
        EXPECT_EQ(output.status.code(), absl::StatusCode::kResourceExhausted);
      }
      EXPECT_EQ(engine_->state(), EngineState::kRunning);
      ExpectNothingHeld();
      control_->on_step = nullptr;
      const uint64_t id = MustSubmit(Tokens({1}, 5));
      outputs = RunToEnd();
      EXPECT_EQ(outputs[id].tokens, Expected({1}, 5));
    }
  }
}

TEST_F(EngineFailureTest, AShortageCostsOnlyTheNewest) {
  int count = 0;
  control_->on_step = [&](const scheduler::StepPlan&) -> Status {
    if (++count > 3 && count <= 6) return absl::ResourceExhaustedError("none");
    return OkStatus();
  };
  MakeEngine(HostDriven());
  std::vector<uint64_t> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(MustSubmit(Tokens(Prompt(5, i), 10)));
  }
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[ids[0]].tokens, Expected(Prompt(5, 0), 10));
  EXPECT_EQ(outputs[ids[1]].tokens, Expected(Prompt(5, 1), 10));
  EXPECT_EQ(outputs[ids[2]].last, EventKind::kFailed);
  EXPECT_EQ(outputs[ids[2]].status.message(), "none");
  ExpectNothingHeld();
}

TEST_F(EngineFailureTest, TheStepThreadGivesAShortageTime) {
  std::vector<int64_t> times;
  control_->on_step = [&](const scheduler::StepPlan&) -> Status {
    times.push_back(Clock::Monotonic().NowNs());
    if (times.size() > 2) return OkStatus();
    return absl::ResourceExhaustedError("none");
  };
  MakeEngine({});
  const uint64_t id = MustSubmit(Tokens({1}, 1));
  Outputs outputs;
  PollUntil(1, &outputs);
  EXPECT_EQ(outputs[id].tokens, Expected({1}, 1));
  ASSERT_GE(times.size(), 3u);
  EXPECT_GE(times[1] - times[0], 1'000'000);
  EXPECT_GE(times[2] - times[1], 10'000'000);
}

TEST_F(EngineFailureTest, AScoreEndsWithAShortageThatLasts) {
  control_->on_step = [](const scheduler::StepPlan& plan) -> Status {
    if (plan.logits_out == nullptr) return OkStatus();
    return absl::ResourceExhaustedError("none");
  };
  for (const bool host_driven : {false, true}) {
    EngineOptions options;
    options.host_driven = host_driven;
    MakeEngine(options);
    float logits[kVocabulary];
    EXPECT_EQ(engine_->Score({1}, logits).code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(engine_->state(), EngineState::kRunning);
    EXPECT_TRUE(engine_->Close(CloseMode::kCancel, 0).ok());
  }
}

TEST_F(EngineFailureTest, AShortageThatPassesChangesNothing) {
  int count = 0;
  control_->on_step = [&](const scheduler::StepPlan&) -> Status {
    if (++count % 3 == 0) return OkStatus();
    return absl::ResourceExhaustedError("no memory at the moment");
  };
  EngineOptions options = Small(256, 8);
  options.max_concurrency = 4;
  MakeEngine(options);
  std::map<uint64_t, std::vector<int32_t>> expected;
  for (int i = 0; i < 4; ++i) {
    expected[MustSubmit(Tokens(Prompt(40, i), 60))] =
        Expected(Prompt(40, i), 60);
  }
  Outputs outputs = RunToEnd();
  for (const auto& [id, tokens] : expected) {
    EXPECT_EQ(outputs[id].tokens, tokens);
  }
  ExpectNothingHeld();
}

TEST_F(EngineFailureTest, ARowThatFailsFailsAlone) {
  control_->on_sample = [](const sampling::SampleInput& input) -> Status {
    if (input.prompt[0] == 9 && input.generated.size() == 4) {
      return absl::InternalError("no finite logit");
    }
    return OkStatus();
  };
  MakeEngine(HostDriven());
  const uint64_t good = MustSubmit(Tokens({1}, 10));
  const uint64_t bad = MustSubmit(Tokens({9}, 10));
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[good].tokens, Expected({1}, 10));
  EXPECT_EQ(outputs[bad].tokens, Expected({9}, 4));
  EXPECT_EQ(outputs[bad].last, EventKind::kFailed);
  EXPECT_EQ(outputs[bad].status.message(), "no finite logit");
  EXPECT_EQ(engine_->state(), EngineState::kRunning);
  ExpectNothingHeld();
}

TEST_F(EngineFailureTest, ATokenOutsideTheVocabularyFailsItsRequest) {
  control_->next_token = [](std::span<const int32_t>) { return 1 << 20; };
  MakeEngine(HostDriven());
  const uint64_t id = MustSubmit(Tokens({1}, 10));
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].last, EventKind::kFailed);
}

TEST_F(EngineFailureTest, TheStepThreadReportsFailureAndPollEnds) {
  control_->on_step = [](const scheduler::StepPlan&) {
    return absl::InternalError("device lost");
  };
  MakeEngine({});
  const uint64_t id = MustSubmit(Tokens({1}, 10));
  Outputs outputs;
  PollUntil(1, &outputs);
  EXPECT_EQ(outputs[id].status.message(), "device lost");
  EXPECT_EQ(engine_->Poll(1, -1).status().code(),
            absl::StatusCode::kFailedPrecondition);
  float logits[kVocabulary];
  EXPECT_EQ(engine_->Score({1}, logits).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(EngineFailureTest, ScoreReportsAFailedStep) {
  control_->on_step = [](const scheduler::StepPlan&) {
    return absl::InternalError("device lost");
  };
  for (const bool host_driven : {false, true}) {
    EngineOptions options;
    options.host_driven = host_driven;
    MakeEngine(options);
    float logits[kVocabulary];
    EXPECT_EQ(engine_->Score({1}, logits).code(), absl::StatusCode::kInternal);
    EXPECT_EQ(engine_->state(), EngineState::kFailed);
  }
}

TEST_F(EngineFailureTest, ACacheBeyondTheBudgetIsRefused) {
  MakeModel(true, false, 64 << 10);
  EngineOptions options = HostDriven();
  options.kv_cache_bytes = 128 << 10;
  auto engine = Engine::Create(model_, options);
  EXPECT_EQ(engine.status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace inlay::engine
