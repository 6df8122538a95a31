// Conversations: what they keep, share and refuse.
#include <thread>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineSessionTest : public EngineFixture {
 protected:
  std::shared_ptr<Session> Create(const std::string& domain = "") {
    auto session = engine_->CreateSession(domain);
    EXPECT_TRUE(session.ok()) << session.status();
    return session.ok() ? *session : nullptr;
  }
  static Request Say(const std::shared_ptr<Session>& session,
                     std::vector<int32_t> tokens, int32_t max_tokens) {
    Request request = Tokens(std::move(tokens), max_tokens);
    request.session = session;
    return request;
  }
  // One turn, checked against the whole conversation; the rows it took.
  int64_t Turn(const std::shared_ptr<Session>& session,
               const std::vector<int32_t>& tokens, int32_t max_tokens) {
    const auto whole = Joined(session->tokens(), tokens);
    const int64_t before = control_->rows;
    const uint64_t id = MustSubmit(Say(session, tokens, max_tokens));
    EXPECT_TRUE(session->busy());
    Outputs outputs = RunToEnd();
    const auto answer = Expected(whole, max_tokens);
    EXPECT_EQ(outputs[id].tokens, answer);
    EXPECT_EQ(outputs[id].usage.prompt_tokens,
              static_cast<int32_t>(whole.size()));
    EXPECT_FALSE(session->busy());
    EXPECT_EQ(session->tokens(), Joined(whole, answer));
    return control_->rows - before;
  }
};

TEST_F(EngineSessionTest, TurnsComputeOnlyWhatIsNew) {
  for (const bool prefix_cache : {true, false}) {
    MakeModel();
    EngineOptions options = HostDriven();
    options.prefix_cache = prefix_cache;
    MakeEngine(options);
    auto session = Create();
    EXPECT_EQ(Turn(session, Prompt(50, 1), 10), 50 + 9);
    EXPECT_EQ(Turn(session, Prompt(3, 2), 40), 1 + 3 + 39);
    EXPECT_EQ(Turn(session, {}, 5), 1 + 4);
    EXPECT_EQ(Turn(session, Prompt(70, 3), 1), 1 + 70);
    EXPECT_EQ(engine_->stats().sessions, 1);
    session.reset();
    EXPECT_EQ(engine_->stats().sessions, 0);
    if (!prefix_cache) {
      EXPECT_EQ(engine_->stats().pages_idle, 0);
    }
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EngineSessionTest, AForkGoesItsOwnWay) {
  MakeEngine(Small(256, 64));
  auto session = Create();
  Turn(session, Prompt(50, 1), 20);
  auto fork = session->Fork();
  ASSERT_TRUE(fork.ok()) << fork.status();
  EXPECT_EQ((*fork)->tokens(), session->tokens());
  EXPECT_EQ(Turn(*fork, Prompt(4, 2), 10), 1 + 4 + 9);
  // Less where the other happened to say the same.
  EXPECT_LE(Turn(session, Prompt(4, 3), 10), 1 + 4 + 9);
  EXPECT_LE(Turn(*fork, Prompt(4, 4), 10), 1 + 4 + 9);
  EXPECT_EQ(engine_->stats().sessions, 2);
}

TEST_F(EngineSessionTest, ABusyOneIsForkedAtEveryStep) {
  MakeEngine(Small(256, 64));
  for (int steps = 0; steps < 12; ++steps) {
    auto session = Create(absl::StrCat(steps));
    const auto prompt = Prompt(28, steps);
    const uint64_t id = MustSubmit(Say(session, prompt, 10));
    for (int i = 0; i < steps; ++i) ASSERT_TRUE(engine_->Step().ok());
    auto fork = session->Fork();
    ASSERT_TRUE(fork.ok());
    const auto so_far = (*fork)->tokens();
    EXPECT_EQ(so_far, session->tokens());
    EXPECT_EQ(so_far.size(), static_cast<size_t>(28 + std::min(10, steps)));
    EXPECT_FALSE((*fork)->busy());
    const uint64_t other = MustSubmit(Say(*fork, {7, 8}, 12));
    Outputs outputs = RunToEnd();
    EXPECT_EQ(outputs[id].tokens, Expected(prompt, 10)) << steps;
    EXPECT_EQ(outputs[other].tokens, Expected(Joined(so_far, {7, 8}), 12))
        << steps;
  }
  ExpectNothingHeld();
}

TEST_F(EngineSessionTest, ForkedWhileItsStepIsComputed) {
  MakeEngine(Small(256, 64));
  auto session = Create();
  std::vector<std::shared_ptr<Session>> forks;
  control_->on_step = [&](const scheduler::StepPlan&) {
    if (forks.size() < 40) forks.push_back(*session->Fork());
    return OkStatus();
  };
  const auto prompt = Prompt(10, 1);
  MustSubmit(Say(session, prompt, 60));
  Outputs outputs = RunToEnd();
  control_->on_step = nullptr;
  ASSERT_EQ(forks.size(), 40u);
  for (auto& fork : forks) {
    Turn(fork, {3}, 4);
    fork.reset();
  }
  ExpectNothingHeld();
}

TEST_F(EngineSessionTest, TruncatedItContinuesOtherwise) {
  for (const bool prefix_cache : {true, false}) {
    MakeModel();
    EngineOptions options = Small(256, 64);
    options.prefix_cache = prefix_cache;
    MakeEngine(options);
    auto session = Create();
    Turn(session, Prompt(60, 1), 30);
    for (const int32_t keep : {70, 65, 64, 63, 33, 32, 31, 1, 0}) {
      ASSERT_TRUE(session->Truncate(keep).ok());
      EXPECT_EQ(session->tokens().size(), static_cast<size_t>(keep));
      // The last kept token is in the cache, too.
      EXPECT_LE(Turn(session, Prompt(5, 100 + keep), 6), 1 + 5 + 5) << keep;
    }
    EXPECT_EQ(session->Truncate(-1).code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(session->Truncate(1000).code(), absl::StatusCode::kOutOfRange);
    ASSERT_TRUE(session->Truncate(0).ok());
    EXPECT_EQ(engine_->Submit(Say(session, {}, 1)).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_FALSE(session->busy());
    engine_.reset();
  }
}

TEST_F(EngineSessionTest, WhatTheCacheLostIsComputedAgain) {
  MakeEngine(Small(128, 4));
  auto a = Create("a");
  auto b = Create("b");
  for (int i = 0; i < 4; ++i) {
    Turn(a, Prompt(15, i), 10);
    Turn(b, Prompt(14, i + 50), 10);
  }
  EXPECT_GT(engine_->stats().pages_evicted, 0u);
  ExpectNothingHeld();
}

TEST_F(EngineSessionTest, BusyIsRefused) {
  MakeEngine(HostDriven());
  auto session = Create();
  const uint64_t id = MustSubmit(Say(session, Prompt(5, 1), 5));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(engine_->Submit(Say(session, {1}, 1)).status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(session->Truncate(0).code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(
        session->Save([](const uint8_t*, size_t) { return OkStatus(); }).code(),
        absl::StatusCode::kFailedPrecondition);
    ASSERT_TRUE(engine_->Step().ok());
  }
  ASSERT_TRUE(engine_->Cancel(id, CancelMode::kStop).ok());
  EXPECT_FALSE(session->busy());
  EXPECT_EQ(session->tokens(), Joined(Prompt(5, 1), Expected(Prompt(5, 1), 3)));
  Turn(session, {4}, 3);
}

TEST_F(EngineSessionTest, ARefusedRequestLeavesItFree) {
  MakeEngine(Small(64, 2));
  auto session = Create();
  Turn(session, Prompt(5, 1), 5);
  const auto before = session->tokens();
  EXPECT_FALSE(engine_->Submit(Say(session, Prompt(60, 1), 1)).ok());
  EXPECT_FALSE(engine_->Submit(Say(session, {kVocabulary}, 1)).ok());
  EXPECT_FALSE(engine_->Submit(Say(session, {1}, -1)).ok());
  Request choices = Say(session, {1}, 1);
  choices.choices.count = 2;
  EXPECT_EQ(engine_->Submit(choices).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(session->busy());
  EXPECT_EQ(session->tokens(), before);
  Turn(session, {4}, 3);
}

TEST_F(EngineSessionTest, AFailedRequestLeavesItAsItWas) {
  MakeEngine(HostDriven());
  auto session = Create();
  Turn(session, Prompt(5, 1), 5);
  const auto before = session->tokens();
  int samples = 0;
  control_->on_sample = [&](const sampling::SampleInput&) -> Status {
    if (++samples < 3) return OkStatus();
    return absl::DataLossError("no numbers");
  };
  const uint64_t id = MustSubmit(Say(session, {1, 2}, 10));
  Outputs outputs = RunToEnd();
  control_->on_sample = nullptr;
  EXPECT_EQ(outputs[id].last, EventKind::kFailed);
  EXPECT_FALSE(session->busy());
  EXPECT_EQ(session->tokens(), before);
  Turn(session, {1, 2}, 4);
  ExpectNothingHeld();
}

TEST_F(EngineSessionTest, OfAnotherEngineIsRefused) {
  MakeEngine(HostDriven());
  auto session = Create();
  auto first = engine_;
  MakeEngine(HostDriven());
  EXPECT_EQ(engine_->Submit(Say(session, {1}, 1)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(session->busy());
}

TEST_F(EngineSessionTest, AfterCloseItAnswersAndRefuses) {
  MakeEngine(HostDriven());
  auto session = Create();
  Turn(session, Prompt(5, 1), 5);
  ASSERT_TRUE(engine_->Close(CloseMode::kCancel, 0).ok());
  EXPECT_EQ(session->tokens().size(), 10u);
  EXPECT_EQ(session->Fork().status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      session->Save([](const uint8_t*, size_t) { return OkStatus(); }).code(),
      absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine_->Submit(Say(session, {1}, 1)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine_->CreateSession("").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(session->busy());
}

// "Keeps its engine's memory alive, not the engine running."
TEST_F(EngineSessionTest, OutlivesTheHandleOfItsEngine) {
  for (const bool host_driven : {true, false}) {
    MakeModel();
    EngineOptions options;
    options.host_driven = host_driven;
    MakeEngine(options);
    auto session = Create();
    MustSubmit(Say(session, Prompt(5, 1), 400));
    engine_.reset();
    // Ended with the handle, by a cancel.
    const int64_t steps = control_->steps;
    EXPECT_FALSE(session->busy()) << host_driven;
    EXPECT_EQ(session->Fork().status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(control_->steps, steps);
    EXPECT_EQ(control_->live_executors, 1);
    session.reset();
    EXPECT_EQ(control_->live_executors, 0);
  }
}

TEST_F(EngineSessionTest, ReleasedWhileItsRequestRuns) {
  for (const bool prefix_cache : {true, false}) {
    MakeModel();
    EngineOptions options = HostDriven();
    options.prefix_cache = prefix_cache;
    MakeEngine(options);
    auto session = Create();
    const uint64_t id = MustSubmit(Say(session, Prompt(40, 1), 10));
    ASSERT_TRUE(engine_->Step().ok());
    session.reset();
    Outputs outputs = RunToEnd();
    EXPECT_EQ(outputs[id].tokens, Expected(Prompt(40, 1), 10));
    ExpectNothingHeld();
    if (!prefix_cache) {
      EXPECT_EQ(engine_->stats().pages_idle, 0);
    }
    engine_.reset();
  }
}

// The last handle of all goes inside a callback.
TEST_F(EngineSessionTest, ReleasedInsideACallback) {
  for (const bool last : {false, true}) {
    MakeModel();
    std::shared_ptr<Session> session;
    std::atomic<bool> ended{false};
    std::atomic<bool> go{false};
    EngineOptions options;
    options.on_events = [&](const std::vector<Event>& events) {
      while (!go) std::this_thread::yield();
      for (const Event& event : events) {
        if (!IsTerminal(event)) continue;
        session.reset();
        ended = true;
      }
    };
    MakeEngine(options);
    session = Create();
    ASSERT_TRUE(engine_->Submit(Say(session, Prompt(5, 1), 5)).ok());
    go = true;
    if (last) engine_.reset();  // delivers what there is
    while (!ended) std::this_thread::yield();
    engine_.reset();
    context_.reset();
    model_.reset();
    EXPECT_EQ(control_->live_executors, 0) << last;
  }
}

// The handle of the engine goes inside a callback, and a session stays.
TEST_F(EngineSessionTest, LeftByACallback) {
  std::shared_ptr<Session> session;
  std::atomic<bool> ready{false};
  std::atomic<bool> ended{false};
  EngineOptions options;
  options.on_events = [&](const std::vector<Event>&) {
    while (!ready) std::this_thread::yield();
    EXPECT_FALSE(ended);
    engine_.reset();
    ended = true;
  };
  MakeEngine(options);
  session = Create();
  ASSERT_TRUE(engine_->Submit(Say(session, Prompt(5, 1), 400)).ok());
  ready = true;
  while (!ended) std::this_thread::yield();
  EXPECT_FALSE(session->busy());
  EXPECT_EQ(session->Fork().status().code(),
            absl::StatusCode::kFailedPrecondition);
  session.reset();
  model_.reset();
  context_.reset();
  EXPECT_EQ(control_->live_executors, 0);
}

}  // namespace
}  // namespace inlay::engine
