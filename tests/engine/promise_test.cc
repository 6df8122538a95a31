// Requests that wait for a prefix which another is computing: whatever
// happens to that one, nobody hangs.
#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EnginePromiseTest : public EngineFixture {
 protected:
  void SetUp() override {
    EngineFixture::SetUp();
    options_ = HostDriven();
    options_.clock = &clock_;
    options_.max_step_tokens = 16;
  }
  // An owner in the middle of its prompt, and three that wait for it.
  void Start() {
    MakeEngine(options_);
    Request first = Tokens(prompt_, 5);
    first.deadline_ns = 1000;
    owner_ = MustSubmit(std::move(first));
    for (int i = 0; i < 3; ++i) waiting_.push_back(Next());
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(engine_->Step().ok());
    EXPECT_EQ(control_->rows, 32);  // nobody else computed
  }
  uint64_t Next() { return MustSubmit(Tokens(prompt_, 5)); }
  void ExpectAnswers(Outputs& outputs) {
    for (uint64_t id : waiting_) {
      EXPECT_EQ(outputs[id].tokens, Expected(prompt_, 5)) << id;
      EXPECT_EQ(outputs[id].reason, FinishReason::kLength);
    }
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
  }

  VirtualClock clock_;
  EngineOptions options_;
  const std::vector<int32_t> prompt_ = Prompt(200, 1);
  bool failed_ = false;
  uint64_t owner_ = 0;
  std::vector<uint64_t> waiting_;
};

TEST_F(EnginePromiseTest, TheOwnerIsCancelled) {
  for (const CancelMode mode : {CancelMode::kStop, CancelMode::kDrop}) {
    MakeModel();
    waiting_.clear();
    Start();
    ASSERT_TRUE(engine_->Cancel(owner_, mode).ok());
    Outputs outputs = RunToEnd();
    ExpectAnswers(outputs);
    // What the owner did compute is not computed again.
    EXPECT_LE(control_->rows, 200 + 3 * 4 + 16);
    engine_.reset();
  }
}

TEST_F(EnginePromiseTest, TheOwnerIsCancelledInItsStep) {
  bool done = false;
  control_->on_step = [&](const scheduler::StepPlan&) {
    if (control_->steps == 3 && !std::exchange(done, true)) {
      EXPECT_TRUE(engine_->Cancel(owner_, CancelMode::kStop).ok());
    }
    return OkStatus();
  };
  Start();
  Outputs outputs = RunToEnd();
  EXPECT_TRUE(done);
  ExpectAnswers(outputs);
}

TEST_F(EnginePromiseTest, TheOwnerExpires) {
  Start();
  clock_.now += 2000;
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[owner_].reason, FinishReason::kDeadline);
  ExpectAnswers(outputs);
}

TEST_F(EnginePromiseTest, TheOwnerFails) {
  control_->on_sample = [&](const sampling::SampleInput&) -> Status {
    // The owner is the first to sample.
    static constexpr char kWhy[] = "no numbers";
    if (std::exchange(failed_, true)) return OkStatus();
    return absl::DataLossError(kWhy);
  };
  Start();
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[owner_].last, EventKind::kFailed);
  ExpectAnswers(outputs);
}

TEST_F(EnginePromiseTest, ItsStepFails) {
  for (const int at : {1, 2, 3, 5}) {
    MakeModel();
    waiting_.clear();
    control_->on_step = [&, at](const scheduler::StepPlan&) -> Status {
      if (control_->steps == at) return absl::UnavailableError("once");
      return OkStatus();
    };
    MakeEngine(options_);
    for (int i = 0; i < 4; ++i) waiting_.push_back(Next());
    Outputs outputs = RunToEnd();
    ExpectAnswers(outputs);
    EXPECT_LE(control_->rows, 200 + 16 + 3 + 4 * 4 + 64) << at;
    engine_.reset();
  }
}

// The owner loses its pages to a request of a higher class.
TEST_F(EnginePromiseTest, TheOwnerIsPreempted) {
  for (const int pages : {7, 8, 9, 12}) {
    MakeModel();
    waiting_.clear();
    options_ = Small(256, pages);
    options_.clock = &clock_;
    options_.max_step_tokens = 16;
    MakeEngine(options_);
    Request high = Tokens(Prompt(60, 9), 100);
    high.priority = 5;
    const uint64_t other = MustSubmit(std::move(high));
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(engine_->Step().ok());
    for (int i = 0; i < 4; ++i) waiting_.push_back(Next());
    Outputs outputs = RunToEnd();
    EXPECT_EQ(outputs[other].tokens, Expected(Prompt(60, 9), 100));
    ExpectAnswers(outputs);
    engine_.reset();
  }
}

// The owner has answered, its consumer is slow; those that wait for what it
// said are not.
TEST_F(EnginePromiseTest, TheOwnerIsPaused) {
  options_.max_pending_events = 2;
  MakeEngine(options_);
  owner_ = MustSubmit(Tokens(prompt_, 100));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(engine_->Step().ok());
  EXPECT_EQ(engine_->stats().paused, 1);
  const int64_t before = control_->rows;
  std::vector<int32_t> longer = Joined(prompt_, Expected(prompt_, 60));
  const uint64_t next = MustSubmit(Tokens(longer, 2));
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(engine_->Step().ok());
  EXPECT_EQ(*engine_->GetRequestState(next), RequestState::kFinished);
  EXPECT_GT(control_->rows, before);
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[next].tokens, Expected(longer, 2));
  EXPECT_EQ(outputs[owner_].tokens, Expected(prompt_, 100));
}

// A chain: each begins like the one before and goes on a little longer.
TEST_F(EnginePromiseTest, EachWaitsForTheOneBefore) {
  MakeEngine(options_);
  std::vector<std::vector<int32_t>> prompts;
  std::vector<uint64_t> ids;
  for (int32_t length = 40; length <= 300; length += 20) {
    prompts.push_back(Prompt(length, 4));
  }
  for (const auto& prompt : prompts)
    ids.push_back(MustSubmit(Tokens(prompt, 3)));
  for (size_t i = 0; i < ids.size(); i += 3) {
    ASSERT_TRUE(engine_->Step().ok());
    ASSERT_TRUE(engine_->Cancel(ids[i], CancelMode::kStop).ok());
  }
  Outputs outputs = RunToEnd();
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i % 3 != 0) {
      EXPECT_EQ(outputs[ids[i]].tokens, Expected(prompts[i], 3)) << i;
    }
  }
  ExpectOneEndEach(outputs);
  ExpectNothingHeld();
}

// On the step thread nothing but its own work wakes those that wait.
TEST_F(EnginePromiseTest, WithAStepThread) {
  EngineOptions options;
  options.max_step_tokens = 16;
  MakeEngine(options);
  for (int round = 0; round < 20; ++round) {
    std::vector<uint64_t> ids;
    const auto prompt = Prompt(150, round);
    for (int i = 0; i < 6; ++i) ids.push_back(MustSubmit(Tokens(prompt, 3)));
    (void)engine_->Cancel(ids[0], CancelMode::kDrop);
    if (round % 2 == 0) (void)engine_->Cancel(ids[1], CancelMode::kStop);
    Outputs outputs;
    PollUntil(ids.size(), &outputs);
    for (size_t i = 2; i < ids.size(); ++i) {
      EXPECT_EQ(outputs[ids[i]].tokens, Expected(prompt, 3));
    }
    ExpectOneEndEach(outputs);
  }
}

}  // namespace
}  // namespace inlay::engine
