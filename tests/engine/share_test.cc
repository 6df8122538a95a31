// Who goes first: classes, tenants, deadlines, and the bounds of the queue.
#include <cmath>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineShareTest : public EngineFixture {
 protected:
  void SetUp() override {
    EngineFixture::SetUp();
    options_ = HostDriven();
    options_.clock = &clock_;
    options_.max_concurrency = 4;
    options_.max_step_tokens = 32;
  }
  uint64_t Add(int32_t salt, int32_t max_tokens, int32_t priority = 0,
               const std::string& tenant = "") {
    Request request = Tokens(Prompt(12, salt), max_tokens);
    request.share_prefix = false;
    request.priority = priority;
    request.tenant = tenant;
    return MustSubmit(std::move(request));
  }

  VirtualClock clock_;
  EngineOptions options_;
};

TEST_F(EngineShareTest, AHighClassOvertakesTheQueue) {
  MakeEngine(options_);
  std::vector<uint64_t> queued;
  for (int32_t i = 0; i < 200; ++i) queued.push_back(Add(i, 10));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(engine_->Step().ok());
  const uint64_t high = Add(300, 10, 5);
  Outputs outputs;
  size_t before = 0;
  while (outputs[high].terminals == 0) {
    ASSERT_TRUE(*engine_->Step());
    Drain(&outputs);
  }
  for (uint64_t id : queued) before += outputs[id].terminals > 0 ? 1 : 0;
  EXPECT_LE(before, 12u);
  RunInto(&outputs);
  EXPECT_EQ(outputs[high].tokens, Expected(Prompt(12, 300), 10));
  ExpectOneEndEach(outputs);
  ExpectNothingHeld();
}

TEST_F(EngineShareTest, ALowClassStillGetsItsTurn) {
  options_.ageing_ns = 100;
  MakeEngine(options_);
  const uint64_t low = Add(1, 10, -3);
  Outputs outputs;
  int rounds = 0;
  int32_t salt = 10;
  for (; outputs[low].terminals == 0 && rounds < 2000; ++rounds) {
    clock_.now += 10;
    while (engine_->stats().queued < 8) Add(++salt, 10, 0);
    ASSERT_TRUE(engine_->Step().ok());
    Drain(&outputs);
  }
  EXPECT_LT(rounds, 200);
}

// The work of two tenants that always have something waiting.
TEST_F(EngineShareTest, TenantsGetWorkByWeight) {
  MakeEngine(options_);
  ASSERT_TRUE(engine_->SetTenantWeight("three", 3).ok());
  std::map<uint64_t, bool> heavy;
  std::map<bool, int64_t> work, waiting;
  control_->on_step = [&](const scheduler::StepPlan& plan) {
    for (const auto& group : plan.groups) {
      work[heavy[group.request_id]] += group.row_count;
    }
    return OkStatus();
  };
  Outputs outputs;
  int32_t salt = 0;
  for (int i = 0; i < 3000; ++i) {
    for (const bool three : {true, false}) {
      while (waiting[three] < 12) {
        ++salt;
        heavy[Add(salt, 5 + salt % 20, 0, three ? "three" : "one")] = three;
        ++waiting[three];
      }
    }
    ASSERT_TRUE(engine_->Step().ok());
    Outputs now;
    Drain(&now);
    for (const auto& [id, output] : now) {
      if (output.terminals > 0) --waiting[heavy[id]];
    }
  }
  const double ratio =
      static_cast<double>(work[true]) / static_cast<double>(work[false]);
  EXPECT_GT(ratio, 3 * 0.95);
  EXPECT_LT(ratio, 3 * 1.05);
  RunToEnd();
  ExpectNothingHeld();
}

TEST_F(EngineShareTest, TenantsComeAndGo) {
  MakeEngine(options_);
  for (const double bad : {0.0, -1.0, 1e7, std::nan("")}) {
    EXPECT_EQ(engine_->SetTenantWeight("x", bad).code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_FALSE(engine_->SetTenantWeight("\xff", 1).ok());
  for (int32_t i = 0; i < 3000; ++i) {
    Add(i, 1, 0, absl::StrCat("tenant ", i));
    if (i % 100 == 99) RunToEnd();
  }
  ExpectNothingHeld();
}

TEST_F(EngineShareTest, TheQueueIsBoundByTokens) {
  options_.max_queue_tokens = 100;
  options_.max_queue = 50;
  MakeEngine(options_);
  for (int32_t i = 0; i < 8; ++i) Add(i, 4);
  const auto refused = engine_->Submit(Tokens(Prompt(12, 9), 4));
  ASSERT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  const auto payload = refused.status().GetPayload(kRetryAfterPayload);
  ASSERT_TRUE(payload.has_value());
  int64_t after = 0;
  EXPECT_TRUE(absl::SimpleAtoi(std::string(*payload), &after)) << *payload;
  EXPECT_GT(after, 0);
  EXPECT_EQ(engine_->stats().queued_tokens, 96);
  // Smaller ones still fit; and one larger than the bound, when none waits.
  MustSubmit(Tokens({1, 2, 3}, 1));
  RunToEnd();
  const uint64_t large = MustSubmit(Tokens(Prompt(300, 1), 2));
  EXPECT_EQ(RunToEnd()[large].tokens, Expected(Prompt(300, 1), 2));
  ExpectNothingHeld();
}

TEST_F(EngineShareTest, TheQueueIsBoundByCount) {
  options_.max_queue = 5;
  MakeEngine(options_);
  for (int32_t i = 0; i < 5; ++i) Add(i, 4);
  const auto refused = engine_->Submit(Tokens(Prompt(12, 9), 4));
  ASSERT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(refused.status().GetPayload(kRetryAfterPayload).has_value());
  RunToEnd();
  Add(9, 4);
  RunToEnd();
  ExpectNothingHeld();
}

TEST_F(EngineShareTest, WhatTheCacheCannotHoldIsRefused) {
  MakeEngine(Small(300, 4));
  const auto refused = engine_->Submit(Tokens(Prompt(100, 1), 100));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(refused.status().message().find("7 pages"), std::string::npos)
      << refused.status();
  EXPECT_FALSE(refused.status().GetPayload(kRetryAfterPayload).has_value());
  EXPECT_FALSE(engine_->Submit(Tokens(Prompt(128, 1), 0)).ok());
  const uint64_t id = MustSubmit(Tokens(Prompt(28, 1), 100));
  EXPECT_EQ(RunToEnd()[id].tokens, Expected(Prompt(28, 1), 100));
}

TEST_F(EngineShareTest, AFewPagesForMany) {
  for (const uint64_t swap : {0u, 8u}) {
    MakeModel();
    EngineOptions options = Small(128, 16);
    options.swap_bytes = swap * 128;
    MakeEngine(options);
    std::vector<uint64_t> ids;
    for (int32_t i = 0; i < 64; ++i) {
      ids.push_back(MustSubmit(Tokens(Prompt(60, i), 60)));
    }
    Outputs outputs = RunToEnd();
    for (int32_t i = 0; i < 64; ++i) {
      EXPECT_EQ(outputs[ids[static_cast<size_t>(i)]].tokens,
                Expected(Prompt(60, i), 60));
    }
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EngineShareTest, ASlowConsumerEndsAfterItsTime) {
  for (const bool swap : {false, true}) {
    MakeModel();
    EngineOptions options = Small(256, 8);
    options.clock = &clock_;
    options.max_pending_events = 3;
    options.pause_timeout_ns = 1000;
    options.swap_bytes = swap ? 1024 : 0;
    MakeEngine(options);
    const uint64_t slow = MustSubmit(Tokens(Prompt(100, 1), 100));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine_->Step().ok());
    EXPECT_EQ(engine_->stats().paused, 1);
    clock_.now += 900;
    (void)engine_->Step();
    // Another one takes its pages, and is read all the time by its sink.
    class Nothing final : public EventSink {
      void OnEvent(Event&&) noexcept override {}
    };
    Request other = Tokens(Prompt(200, 2), 50);
    other.sink = std::make_shared<Nothing>();
    MustSubmit(std::move(other));
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(engine_->Step().ok());
    EXPECT_NE(*engine_->GetRequestState(slow), RequestState::kFinished);
    clock_.now += 200;
    ASSERT_TRUE(engine_->Step().ok());
    EXPECT_EQ(*engine_->GetRequestState(slow), RequestState::kFinished);
    Outputs outputs = RunToEnd();
    EXPECT_EQ(outputs[slow].last, EventKind::kFailed);
    EXPECT_EQ(outputs[slow].status.code(),
              absl::StatusCode::kResourceExhausted);
    EXPECT_FALSE(outputs[slow].tokens.empty());
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EngineShareTest, DeadlinesInEveryState) {
  for (int steps = 0; steps < 12; ++steps) {
    MakeModel();
    options_.max_concurrency = 1;
    options_.max_step_tokens = 16;
    MakeEngine(options_);
    Request late = Tokens(Prompt(60, 1), 50);
    late.deadline_ns = 100;
    const uint64_t id = MustSubmit(late);
    const uint64_t queued = MustSubmit(late);
    const uint64_t stays = MustSubmit(Tokens(Prompt(9, 2), 4));
    for (int i = 0; i < steps; ++i) ASSERT_TRUE(engine_->Step().ok());
    clock_.now += 100;
    ASSERT_TRUE(engine_->Step().ok());  // one step ends it
    EXPECT_EQ(*engine_->GetRequestState(id), RequestState::kFinished);
    EXPECT_EQ(*engine_->GetRequestState(queued), RequestState::kFinished);
    EXPECT_LE(engine_->stats().pages_used, 1);
    Outputs outputs = RunToEnd();
    EXPECT_EQ(outputs[id].reason, FinishReason::kDeadline);
    EXPECT_EQ(outputs[queued].reason, FinishReason::kDeadline);
    EXPECT_EQ(outputs[id].tokens.size(),
              static_cast<size_t>(std::max(0, steps - 3)));
    EXPECT_EQ(outputs[stays].tokens, Expected(Prompt(9, 2), 4));
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EngineShareTest, TheEarlierDeadlineGoesFirst) {
  options_.policy = scheduler::PolicyKind::kDeadline;
  options_.max_concurrency = 1;
  MakeEngine(options_);
  Request request = Tokens(Prompt(12, 1), 4);
  request.deadline_ns = 1'000'000;
  const uint64_t late = MustSubmit(request);
  request.deadline_ns = 500'000;
  const uint64_t early = MustSubmit(request);
  Outputs outputs;
  while (outputs[early].terminals == 0) {
    ASSERT_TRUE(*engine_->Step());
    Drain(&outputs);
  }
  EXPECT_EQ(outputs[late].terminals, 0);
}

}  // namespace
}  // namespace inlay::engine
