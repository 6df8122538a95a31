#include "cpp/engine/engine.h"

#include <algorithm>
#include <set>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineTest : public EngineFixture {};

TEST_F(EngineTest, AnswersLikeTheBackendAlone) {
  MakeEngine(HostDriven());
  const auto prompt = Prompt(70, 3);
  Request request = Tokens(prompt, 100);
  request.user_data = 77;
  const uint64_t id = MustSubmit(std::move(request));
  EXPECT_EQ(*engine_->GetRequestState(id), RequestState::kQueued);
  Outputs outputs = RunToEnd();
  ASSERT_EQ(outputs.size(), 1u);
  const Output& output = outputs[id];
  EXPECT_EQ(output.tokens, Expected(prompt, 100));
  EXPECT_EQ(output.reason, FinishReason::kLength);
  EXPECT_EQ(output.usage.prompt_tokens, 70);
  EXPECT_EQ(output.usage.generated_tokens, 100);
  EXPECT_EQ(output.kinds.front(), EventKind::kStarted);
  ExpectOneEndEach(outputs);
  ExpectNothingHeld();
  EXPECT_EQ(engine_->GetRequestState(id).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(EngineTest, RequestIdsGrowAndAreNeverZero) {
  const uint64_t first = NextRequestId();
  EXPECT_GT(first, 0u);
  EXPECT_GT(NextRequestId(), first);
}

TEST_F(EngineTest, ALongPromptIsCutIntoChunksWithProgress) {
  EngineOptions options = HostDriven();
  options.max_step_tokens = 40;
  options.max_concurrency = 4;
  MakeEngine(options);
  const auto prompt = Prompt(200, 1);
  const uint64_t id = MustSubmit(Tokens(prompt, 5));
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].tokens, Expected(prompt, 5));
  EXPECT_EQ(std::count(outputs[id].kinds.begin(), outputs[id].kinds.end(),
                       EventKind::kProgress),
            4);
}

TEST_F(EngineTest, ManyRequestsJoinAndLeaveAndKeepTheirAnswers) {
  EngineOptions options = HostDriven();
  options.max_step_tokens = 48;
  options.max_concurrency = 8;
  MakeEngine(options);
  std::map<uint64_t, std::vector<int32_t>> expected;
  Outputs outputs;
  for (int i = 0; i < 64; ++i) {
    const auto prompt = Prompt(1 + (i * 37) % 150, i);
    const int32_t count = 1 + (i * 11) % 60;
    expected[MustSubmit(Tokens(prompt, count))] = Expected(prompt, count);
    if (i % 3 == 0) {
      ASSERT_TRUE(engine_->Step().ok());
    }
    if (i % 5 == 0) Drain(&outputs);
  }
  RunInto(&outputs);
  ASSERT_EQ(outputs.size(), expected.size());
  for (const auto& [id, tokens] : expected) {
    EXPECT_EQ(outputs[id].tokens, tokens) << id;
  }
  ExpectOneEndEach(outputs);
  ExpectNothingHeld();
}

TEST_F(EngineTest, PagesRunOutAndYoungerRequestsAreComputedAgain) {
  // Room for one full context only; eight requests grow far beyond it.
  EngineOptions options = Small(256, 8);
  options.max_concurrency = 8;
  MakeEngine(options);
  std::map<uint64_t, std::vector<int32_t>> expected;
  for (int i = 0; i < 8; ++i) {
    const auto prompt = Prompt(10 + i, i);
    expected[MustSubmit(Tokens(prompt, 150))] = Expected(prompt, 150);
  }
  Outputs outputs = RunToEnd();
  for (const auto& [id, tokens] : expected) {
    EXPECT_EQ(outputs[id].tokens, tokens) << id;
    EXPECT_EQ(outputs[id].started, 1);
  }
  ExpectNothingHeld();
  // Some were indeed computed again.
  int64_t rows = 0;
  for (int i = 0; i < 8; ++i) rows += 10 + i + 149;
  EXPECT_GT(control_->rows.load(), rows);
}

TEST_F(EngineTest, DecodesGoOnWhileALongPromptIsComputed) {
  EngineOptions options = HostDriven();
  options.max_step_tokens = 16;
  options.max_concurrency = 4;
  MakeEngine(options);
  const uint64_t first = MustSubmit(Tokens(Prompt(4, 1), 100));
  ASSERT_TRUE(*engine_->Step());
  MustSubmit(Tokens(Prompt(300, 2), 2));
  Outputs outputs;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(*engine_->Step());
  Drain(&outputs);
  EXPECT_EQ(outputs[first].tokens.size(), 11u);
}

TEST_F(EngineTest, AFinishedRequestLeavesAndTheNextEntersTheNextStep) {
  EngineOptions options = HostDriven();
  options.max_concurrency = 1;
  MakeEngine(options);
  const uint64_t first = MustSubmit(Tokens(Prompt(4, 1), 1));
  const uint64_t second = MustSubmit(Tokens(Prompt(4, 2), 1));
  ASSERT_TRUE(*engine_->Step());
  EXPECT_EQ(*engine_->GetRequestState(first), RequestState::kFinished);
  EXPECT_EQ(*engine_->GetRequestState(second), RequestState::kQueued);
  ASSERT_TRUE(*engine_->Step());
  EXPECT_EQ(*engine_->GetRequestState(second), RequestState::kFinished);
  EXPECT_FALSE(*engine_->Step());
}

TEST_F(EngineTest, TheContextEndsARequest) {
  MakeEngine(Small(64, 8));
  const auto prompt = Prompt(60, 1);
  const uint64_t id = MustSubmit(Tokens(prompt, 0));
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].reason, FinishReason::kContextFull);
  EXPECT_EQ(outputs[id].tokens, Expected(prompt, 4));
}

TEST_F(EngineTest, EndIdsAndStopTokensEndARequestAndStayUnseen) {
  control_->next_token = [](std::span<const int32_t> context) {
    return context.size() < 6 ? 1 : kVocabulary - 1;
  };
  MakeEngine(HostDriven());
  Request request = Tokens({5, 6, 7}, 50);
  request.ignore_end = false;
  const uint64_t ends = MustSubmit(request);
  request.ignore_end = true;
  const uint64_t ignores = MustSubmit(request);
  request.stop_tokens = {1};
  const uint64_t stops = MustSubmit(request);
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[ends].reason, FinishReason::kStop);
  EXPECT_EQ(outputs[ends].tokens, std::vector<int32_t>({1, 1, 1}));
  EXPECT_EQ(outputs[ends].text, "bbb");
  EXPECT_EQ(outputs[ends].usage.generated_tokens, 3);
  EXPECT_EQ(outputs[ignores].reason, FinishReason::kLength);
  EXPECT_EQ(outputs[ignores].tokens.size(), 50u);
  EXPECT_EQ(outputs[ignores].text, "bbb");
  EXPECT_EQ(outputs[stops].reason, FinishReason::kStop);
  EXPECT_TRUE(outputs[stops].tokens.empty());
}

TEST_F(EngineTest, StopStringsEndARequestAcrossTokens) {
  control_->next_token = [](std::span<const int32_t> context) {
    return static_cast<int32_t>(context.size() % 26);
  };
  MakeEngine(HostDriven());
  Request request = Tokens({0}, 20);
  request.stop_strings = {"fgh", "zzz"};
  const uint64_t id = MustSubmit(request);
  request.stop_strings = {"tuvwxyz"};  // begins, but does not complete
  const uint64_t held = MustSubmit(request);
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].reason, FinishReason::kStop);
  EXPECT_EQ(outputs[id].text, "bcde");
  EXPECT_EQ(outputs[id].tokens.size(), 7u);
  EXPECT_EQ(outputs[held].reason, FinishReason::kLength);
  EXPECT_EQ(outputs[held].text, "bcdefghijklmnopqrstu");
}

TEST_F(EngineTest, ReportsLogprobsOfEveryToken) {
  MakeEngine(HostDriven());
  Request request = Tokens({1, 2}, 4);
  request.sampling.logprobs = 3;
  const uint64_t id = MustSubmit(request);
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].logprobs.size(), 4u);
  EXPECT_EQ(outputs[id].top, 12u);
}

TEST_F(EngineTest, ReportsControlTokensOnlyWhenAsked) {
  control_->next_token = [](std::span<const int32_t>) {
    return kVocabulary - 2;
  };
  MakeEngine(HostDriven());
  Request request = Tokens({1, 2}, 2);
  const uint64_t silent = MustSubmit(request);
  request.report_special = true;
  const uint64_t loud = MustSubmit(request);
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[silent].text, "");
  EXPECT_EQ(outputs[loud].text, "<98><98>");
}

TEST_F(EngineTest, AFullQueueRefuses) {
  EngineOptions options = HostDriven();
  options.max_queue = 2;
  MakeEngine(options);
  MustSubmit(Tokens({1}, 1));
  MustSubmit(Tokens({1}, 1));
  EXPECT_EQ(engine_->Submit(Tokens({1}, 1)).status().code(),
            absl::StatusCode::kResourceExhausted);
  ASSERT_TRUE(*engine_->Step());
  MustSubmit(Tokens({1}, 1));
}

TEST_F(EngineTest, DeadlinesHoldInQueuePromptAndDecode) {
  VirtualClock clock;
  EngineOptions options = HostDriven();
  options.clock = &clock;
  options.max_concurrency = 2;
  options.max_step_tokens = 32;
  MakeEngine(options);
  auto with_deadline = [](Request request, int64_t ns) {
    request.deadline_ns = ns;
    return request;
  };
  const uint64_t decode = MustSubmit(with_deadline(Tokens({1}, 400), 50));
  const uint64_t prompt =
      MustSubmit(with_deadline(Tokens(Prompt(400, 1), 4), 50));
  const uint64_t queued = MustSubmit(with_deadline(Tokens({2}, 4), 50));
  const uint64_t later = MustSubmit(with_deadline(Tokens({2}, 4), 1000));
  const uint64_t never = MustSubmit(with_deadline(Tokens({2}, 4), INT64_MAX));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(*engine_->Step());
  clock.now = 51;
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[decode].reason, FinishReason::kDeadline);
  EXPECT_EQ(outputs[decode].tokens.size(), 3u);
  EXPECT_EQ(outputs[decode].usage.total_ns, 50);
  EXPECT_EQ(outputs[prompt].reason, FinishReason::kDeadline);
  EXPECT_EQ(outputs[queued].reason, FinishReason::kDeadline);
  EXPECT_EQ(outputs[queued].started, 0);
  EXPECT_EQ(outputs[later].reason, FinishReason::kLength);
  EXPECT_EQ(outputs[never].reason, FinishReason::kLength);
  ExpectOneEndEach(outputs);
  ExpectNothingHeld();
}

TEST_F(EngineTest, ScoresEveryPositionBetweenTheSteps) {
  EngineOptions options = Small(256, 8);
  MakeEngine(options);
  const auto generated = Prompt(100, 4);
  const uint64_t id = MustSubmit(Tokens(generated, 50));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(*engine_->Step());
  const auto tokens = Prompt(250, 9);
  std::vector<float> logits(tokens.size() * kVocabulary);
  ASSERT_TRUE(engine_->Score(tokens, logits.data()).ok());
  for (size_t i = 0; i < tokens.size(); ++i) {
    const auto row = logits.begin() + static_cast<long>(i * kVocabulary);
    const auto best = std::max_element(row, row + kVocabulary) - row;
    const auto context = std::span(tokens).first(i + 1);
    ASSERT_EQ(best, static_cast<long>(backend::FakeHash(context) % kVocabulary))
        << i;
  }
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].tokens, Expected(generated, 50));
  ExpectNothingHeld();
  EXPECT_EQ(engine_->Score({}, logits.data()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(engine_->Score({kVocabulary}, logits.data()).code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(engine_->Score(Prompt(257, 1), logits.data()).code(),
            absl::StatusCode::kOutOfRange);
}

TEST_F(EngineTest, TheStepThreadServesAndWakes) {
  MakeEngine({});
  EXPECT_EQ(engine_->Step().status().code(),
            absl::StatusCode::kFailedPrecondition);
  const auto prompt = Prompt(20, 2);
  const uint64_t id = MustSubmit(Tokens(prompt, 30));
  Outputs outputs;
  PollUntil(1, &outputs);
  EXPECT_EQ(outputs[id].tokens, Expected(prompt, 30));
  engine_->Wake();
  EXPECT_TRUE(engine_->Poll(1, -1)->empty());
  EXPECT_TRUE(engine_->Poll(1, 1'000'000)->empty());
  EXPECT_EQ(engine_->Poll(0, 0).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace inlay::engine
