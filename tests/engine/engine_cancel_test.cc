#include <algorithm>
#include <random>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineCancelTest : public EngineFixture {
 protected:
  // Two requests, one of which is cancelled after `steps` steps.
  void CancelAfter(int steps, CancelMode mode) {
    EngineOptions options = HostDriven();
    options.max_step_tokens = 16;
    options.max_concurrency = 2;
    MakeEngine(options);
    const auto prompt = Prompt(60, 1);
    const auto other = Prompt(9, 2);
    const uint64_t id = MustSubmit(Tokens(prompt, 10));
    const uint64_t stays = MustSubmit(Tokens(other, 10));
    for (int i = 0; i < steps; ++i) ASSERT_TRUE(engine_->Step().ok());
    const bool live = *engine_->GetRequestState(id) != RequestState::kFinished;
    EXPECT_EQ(engine_->Cancel(id, mode).ok(), live);
    EXPECT_EQ(engine_->Cancel(id, mode).code(), absl::StatusCode::kNotFound);
    Outputs outputs = RunToEnd();
    const Output& cancelled = outputs[id];
    EXPECT_EQ(cancelled.reason,
              live ? FinishReason::kCancelled : FinishReason::kLength);
    auto expected = Expected(prompt, 10);
    if (live && mode == CancelMode::kDrop) {
      EXPECT_TRUE(cancelled.tokens.empty());
      EXPECT_EQ(cancelled.kinds.size(), 1u);
    } else {
      expected.resize(cancelled.tokens.size());
      EXPECT_EQ(cancelled.tokens, expected);
      // The two last ids have no text.
      EXPECT_EQ(static_cast<long>(cancelled.text.size()),
                std::count_if(expected.begin(), expected.end(),
                              [](int32_t t) { return t < kVocabulary - 2; }));
      EXPECT_EQ(static_cast<int32_t>(expected.size()),
                cancelled.usage.generated_tokens);
    }
    EXPECT_EQ(outputs[stays].tokens, Expected(other, 10));
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
  }
};

TEST_F(EngineCancelTest, AtEveryStepAndKeepingWhatWasProduced) {
  for (int steps = 0; steps < 20; ++steps) {
    CancelAfter(steps, CancelMode::kStop);
  }
}

TEST_F(EngineCancelTest, AtEveryStepAndDroppingIt) {
  for (int steps = 0; steps < 20; ++steps) {
    CancelAfter(steps, CancelMode::kDrop);
  }
}

TEST_F(EngineCancelTest, WhileTheStepIsComputed) {
  for (const CancelMode mode : {CancelMode::kStop, CancelMode::kDrop}) {
    MakeModel();
    MakeEngine(HostDriven());
    uint64_t id = 0;
    int step = 0;
    control_->on_step = [&](const scheduler::StepPlan&) {
      if (++step == 3) {
        EXPECT_TRUE(engine_->Cancel(id, mode).ok());
      }
      return OkStatus();
    };
    id = MustSubmit(Tokens(Prompt(5, 1), 10));
    while (*engine_->Step()) {
    }
    Outputs outputs;
    Drain(&outputs);
    EXPECT_EQ(step, 3);
    EXPECT_EQ(outputs[id].reason, FinishReason::kCancelled);
    EXPECT_EQ(outputs[id].tokens.size(), mode == CancelMode::kStop ? 2u : 0u);
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EngineCancelTest, RefusesWhatItDoesNotKnow) {
  MakeEngine(HostDriven());
  EXPECT_EQ(engine_->Cancel(0, CancelMode::kStop).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(engine_->Cancel(1, static_cast<CancelMode>(9)).code(),
            absl::StatusCode::kInvalidArgument);
}

// Arrivals, cancels, deadlines and a slow reader in random order: every
// request ends once, its tokens are a prefix of the only right answer, and
// the same seed gives the same events.
class Chaos : public EngineFixture,
              public testing::WithParamInterface<uint32_t> {
 protected:
  std::vector<int32_t> prompt(uint64_t salt) {
    return Prompt(1 + static_cast<int32_t>(salt * 29 % 120),
                  static_cast<int32_t>(salt));
  }

  std::string Run(uint32_t seed) {
    MakeModel();
    std::mt19937 random(seed);
    VirtualClock clock;
    EngineOptions options = Small(256, 8 + static_cast<int32_t>(seed % 3) * 8);
    options.clock = &clock;
    options.max_concurrency = 1 + static_cast<int32_t>(seed % 7);
    options.max_step_tokens = 8 + static_cast<int32_t>(seed % 40);
    options.max_pending_events = seed % 2 == 0 ? 3 : 0;
    MakeEngine(options);
    std::vector<uint64_t> ids;
    Outputs outputs;
    std::string trace;
    for (int i = 0; i < 64 || engine_->stats().queued > 0; ++i) {
      clock.now += 10;
      if (ids.size() < 64) {
        Request request =
            Tokens(prompt(ids.size()), static_cast<int32_t>(random() % 70));
        if (random() % 4 == 0) request.deadline_ns = 1 + random() % 800;
        ids.push_back(MustSubmit(std::move(request)));
      }
      if (random() % 6 == 0) {
        (void)engine_->Cancel(
            ids[random() % ids.size()],
            random() % 2 == 0 ? CancelMode::kStop : CancelMode::kDrop);
      }
      for (uint32_t n = random() % 4; n > 0; --n) (void)engine_->Step();
      if (random() % 5 == 0) Drain(&outputs);
    }
    RunInto(&outputs);
    EXPECT_EQ(outputs.size(), ids.size());
    for (size_t i = 0; i < ids.size(); ++i) {
      const Output& output = outputs[ids[i]];
      auto expected = Expected(prompt(i), 256);
      expected.resize(output.tokens.size());
      // Dropped output may have lost its beginning; it is a part all the same.
      if (output.reason != FinishReason::kCancelled) {
        EXPECT_EQ(output.tokens, expected) << i;
      }
      absl::StrAppend(&trace, static_cast<int>(output.reason), ":",
                      output.tokens.size(), " ");
    }
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    EXPECT_TRUE(engine_->Close(CloseMode::kDrain, 0).ok());
    return trace;
  }
};

TEST_P(Chaos, EveryRequestEndsOnceAndRightly) {
  const std::string first = Run(GetParam());
  EXPECT_EQ(Run(GetParam()), first);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Chaos, testing::Range(0u, 24u));

}  // namespace
}  // namespace inlay::engine
