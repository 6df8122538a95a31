// Log-probabilities of prompts.
#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

std::vector<double> Logits(std::span<const int32_t> context) {
  std::vector<double> logits;
  const uint64_t h = backend::FakeHash(context);
  for (uint64_t t = 0; t < 100; ++t) {
    logits.push_back(static_cast<double>((h ^ (t * 0x9e3779b9)) % 1009) / 150);
  }
  return logits;
}

class EnginePromptLogprobsTest : public EngineFixture {
 protected:
  void Start(const EngineOptions& options) {
    MakeModel();
    control_->logits = Logits;
    MakeEngine(options);
  }
  static Request Scored(std::vector<int32_t> prompt, int32_t tops) {
    Request request = Tokens(std::move(prompt), 3);
    request.prompt_logprobs = true;
    request.sampling.logprobs = tops;
    return request;
  }
  static void ExpectScores(const Output& output,
                           const std::vector<int32_t>& prompt, int32_t tops) {
    const Event& event = output.prompt;
    ASSERT_EQ(event.kind, EventKind::kPrompt);
    ASSERT_EQ(event.tokens,
              std::vector<int32_t>(prompt.begin() + 1, prompt.end()));
    ASSERT_EQ(event.logprobs.size(), event.tokens.size());
    const size_t each = static_cast<size_t>(std::max(0, tops));
    ASSERT_EQ(event.top.size(), each * event.tokens.size());
    for (size_t i = 0; i < event.tokens.size(); ++i) {
      const auto expected =
          backend::FakeLogSoftmax(Logits(std::span(prompt).first(i + 1)));
      EXPECT_NEAR(event.logprobs[i],
                  expected[static_cast<size_t>(event.tokens[i])], 1e-6)
          << i;
      double before = 1;
      for (size_t k = 0; k < each; ++k) {
        const auto& top = event.top[i * each + k];
        EXPECT_NEAR(top.logprob, expected[static_cast<size_t>(top.token)],
                    1e-6);
        EXPECT_LE(top.logprob, before);
        before = top.logprob;
      }
    }
    // Once, before the deltas.
    int prompts = 0;
    bool delta = false;
    for (EventKind kind : output.kinds) {
      prompts += kind == EventKind::kPrompt;
      delta = delta || kind == EventKind::kDelta;
      EXPECT_FALSE(delta && kind == EventKind::kPrompt && prompts == 1 &&
                   output.kinds.back() == EventKind::kPrompt);
    }
    EXPECT_EQ(prompts, 1);
    EXPECT_EQ(output.tokens.size() % 3, 0u);
  }
};

TEST_F(EnginePromptLogprobsTest, WithEveryChunkSize) {
  for (const int32_t step : {1, 7, 16, 64, 512}) {
    for (const int32_t tops : {-1, 0, 3}) {
      EngineOptions options = Small(256, 64);
      options.max_concurrency = 1;
      options.max_step_tokens = step;
      Start(options);
      for (const int32_t length : {2, 33, 150}) {
        // The same again: what the cache holds has no scores.
        for (int round = 0; round < 2; ++round) {
          const auto prompt = Prompt(length, 1);
          const uint64_t id = MustSubmit(Scored(prompt, tops));
          Outputs outputs = RunToEnd();
          ExpectScores(outputs[id], prompt, tops);
          EXPECT_EQ(outputs[id].usage.cached_tokens, 0);
        }
      }
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

TEST_F(EnginePromptLogprobsTest, OfOneTokenThereAreNone) {
  Start(HostDriven());
  const uint64_t id = MustSubmit(Scored({5}, 2));
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].tokens.size(), 3u);
  EXPECT_EQ(outputs[id].last, EventKind::kFinished);
}

TEST_F(EnginePromptLogprobsTest, WithFewPagesAndOthers) {
  for (const uint64_t swap : {0u, 20u}) {
    EngineOptions options = Small(256, 9);
    options.swap_bytes = swap * 128;
    options.max_step_tokens = 32;
    Start(options);
    std::vector<uint64_t> ids;
    for (int32_t i = 0; i < 10; ++i) {
      Request request = Scored(Prompt(20 + 5 * i, i), 1);
      request.max_tokens = 120;
      ids.push_back(MustSubmit(std::move(request)));
    }
    Outputs outputs = RunToEnd();
    for (int32_t i = 0; i < 10; ++i) {
      ExpectScores(outputs[ids[static_cast<size_t>(i)]], Prompt(20 + 5 * i, i),
                   1);
    }
    EXPECT_GT(
        engine_->stats().preempted_recompute + engine_->stats().preempted_swap,
        0u);
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EnginePromptLogprobsTest, WithSeveralChoices) {
  Start(Small(256, 64));
  Request request = Scored(Prompt(70, 1), 2);
  request.choices.count = 3;
  const uint64_t id = MustSubmit(request);
  Outputs outputs = RunToEnd();
  ExpectScores(outputs[id], Prompt(70, 1), 2);
  EXPECT_EQ(outputs[id].choices.size(), 3u);
  ExpectNothingHeld();
}

TEST_F(EnginePromptLogprobsTest, OfAWholeConversation) {
  Start(Small(256, 64));
  auto session = *engine_->CreateSession("");
  std::vector<int32_t> whole;
  for (int32_t turn = 0; turn < 3; ++turn) {
    whole = Joined(session->tokens(), Prompt(20, turn));
    Request request = Scored(Prompt(20, turn), 0);
    request.session = session;
    const uint64_t id = MustSubmit(request);
    Outputs outputs = RunToEnd();
    ExpectScores(outputs[id], whole, 0);
  }
}

TEST_F(EnginePromptLogprobsTest, WhileStepsFail) {
  EngineOptions options = Small(256, 64);
  options.max_step_tokens = 32;
  Start(options);
  int64_t steps = 0;
  control_->on_moved = [&](const scheduler::StepPlan&) -> Status {
    if (++steps % 2 == 0) return absl::UnavailableError("a moment");
    return OkStatus();
  };
  const uint64_t id = MustSubmit(Scored(Prompt(150, 1), 2));
  Outputs outputs = RunToEnd();
  ExpectScores(outputs[id], Prompt(150, 1), 2);
}

}  // namespace
}  // namespace inlay::engine
