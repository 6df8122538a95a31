#include <poll.h>

#include <thread>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EnginePauseTest : public EngineFixture {
 protected:
  static bool Readable(int descriptor) {
    pollfd entry{descriptor, POLLIN, 0};
    return poll(&entry, 1, 0) == 1;
  }
};

TEST_F(EnginePauseTest, AFullBoxPausesItsRequestUntilItIsRead) {
  EngineOptions options = HostDriven();
  options.max_pending_events = 5;
  MakeEngine(options);
  const uint64_t slow = MustSubmit(Tokens({1}, 20));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(*engine_->Step());
  EXPECT_FALSE(*engine_->Step());  // paused
  EXPECT_GT(engine_->stats().pages_used, 0);
  // The others go on.
  const uint64_t other = MustSubmit(Tokens({2}, 3));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(*engine_->Step());
  EXPECT_EQ(*engine_->GetRequestState(other), RequestState::kFinished);
  EXPECT_EQ(*engine_->GetRequestState(slow), RequestState::kRunning);
  EXPECT_FALSE(*engine_->Step());
  Outputs outputs;
  Drain(&outputs);
  EXPECT_EQ(outputs[slow].tokens.size(), 5u);
  EXPECT_TRUE(*engine_->Step());
  RunInto(&outputs);
  EXPECT_EQ(outputs[slow].tokens, Expected({1}, 20));
  EXPECT_EQ(outputs[other].tokens, Expected({2}, 3));
  ExpectNothingHeld();
}

TEST_F(EnginePauseTest, APausedRequestGivesItsPagesToTheOthers) {
  EngineOptions options = Small(256, 8);
  options.max_pending_events = 5;
  MakeEngine(options);
  const auto long_prompt = Prompt(200, 1);
  const uint64_t slow = MustSubmit(Tokens(long_prompt, 20));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(*engine_->Step());
  EXPECT_FALSE(*engine_->Step());
  const auto prompt = Prompt(150, 2);
  const uint64_t other = MustSubmit(Tokens(prompt, 4));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(*engine_->Step());
  EXPECT_EQ(*engine_->GetRequestState(other), RequestState::kFinished);
  Outputs outputs = RunToEnd();  // nothing runs before the box is read
  RunInto(&outputs);
  EXPECT_EQ(outputs[slow].tokens, Expected(long_prompt, 20));
  EXPECT_EQ(outputs[other].tokens, Expected(prompt, 4));
  ExpectNothingHeld();
}

TEST_F(EnginePauseTest, TheStepThreadResumesAfterPoll) {
  EngineOptions options;
  options.max_pending_events = 2;
  MakeEngine(options);
  const uint64_t id = MustSubmit(Tokens({1}, 300));
  Outputs outputs;
  PollUntil(1, &outputs);
  EXPECT_EQ(outputs[id].tokens, Expected({1}, 300));
}

TEST_F(EnginePauseTest, TheWaitHandleIsReadableWhileEventsWait) {
  MakeEngine(HostDriven());
  const int descriptor = *engine_->WaitHandle();
  EXPECT_EQ(*engine_->WaitHandle(), descriptor);
  EXPECT_FALSE(Readable(descriptor));
  MustSubmit(Tokens({1}, 2));
  EXPECT_FALSE(Readable(descriptor));
  ASSERT_TRUE(*engine_->Step());
  EXPECT_TRUE(Readable(descriptor));
  EXPECT_EQ(engine_->Poll(1, 0)->size(), 1u);
  EXPECT_TRUE(Readable(descriptor));
  EXPECT_EQ(engine_->Poll(1, 0)->size(), 1u);
  EXPECT_FALSE(Readable(descriptor));
  engine_->Wake();
  EXPECT_TRUE(Readable(descriptor));
  EXPECT_TRUE(engine_->Poll(1, 0)->empty());
  EXPECT_FALSE(Readable(descriptor));
  ASSERT_TRUE(engine_->Close(CloseMode::kCancel, 0).ok());
  EXPECT_TRUE(Readable(descriptor));
}

TEST_F(EnginePauseTest, PollTakesOneCallerAtATime) {
  MakeEngine({});
  std::thread waits([&] {
    while (!engine_->Poll(1, -1).ok()) {  // the other call may be first
    }
  });
  Status second;
  do {
    second = engine_->Poll(1, 0).status();
  } while (second.ok());
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  engine_->Wake();
  waits.join();
}

}  // namespace
}  // namespace inlay::engine
