// Several answers to one request.
#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineChoicesTest : public EngineFixture {
 protected:
  static Request Several(std::vector<int32_t> prompt, int32_t max_tokens,
                         int32_t count, uint64_t seed = 7) {
    Request request = Tokens(std::move(prompt), max_tokens);
    request.choices.count = count;
    request.sampling.temperature = 1.0f;
    request.sampling.seed = seed;
    return request;
  }
  // All answers whole, in the order promised.
  static void ExpectAnswers(const Output& output,
                            const std::vector<int32_t>& prompt,
                            int32_t max_tokens, int32_t count,
                            uint64_t seed = 7) {
    ASSERT_EQ(output.choices.size(), static_cast<size_t>(count));
    for (const auto& [i, choice] : output.choices) {
      EXPECT_EQ(choice.tokens,
                Drawn(prompt, max_tokens, seed + static_cast<uint64_t>(i)));
      EXPECT_EQ(choice.ends, 1);
      EXPECT_FALSE(choice.after_end);
      EXPECT_EQ(choice.reason, FinishReason::kLength);
      EXPECT_EQ(choice.usage.generated_tokens, max_tokens);
    }
    EXPECT_EQ(output.terminals, 1);
    EXPECT_EQ(output.started, 1);
    EXPECT_FALSE(output.after_terminal);
    EXPECT_EQ(output.reason, FinishReason::kLength);
    EXPECT_EQ(output.usage.generated_tokens, count * max_tokens);
    EXPECT_EQ(output.usage.prompt_tokens, static_cast<int32_t>(prompt.size()));
  }
};

TEST_F(EngineChoicesTest, EachIsWhatASingleRequestGives) {
  for (const bool prefix_cache : {true, false}) {
    for (const int32_t length : {1, 20, 64, 100}) {
      MakeModel();
      EngineOptions options = Small(256, 64);
      options.prefix_cache = prefix_cache;
      MakeEngine(options);
      const auto prompt = Prompt(length, 1);
      const uint64_t id = MustSubmit(Several(prompt, 12, 5));
      Outputs outputs = RunToEnd();
      ExpectAnswers(outputs[id], prompt, 12, 5);
      // Whole pages of the prompt are computed once.
      EXPECT_LE(control_->rows, length + 4 * (length % 32 + 1) + 5 * 12);
      for (uint64_t i = 0; i < 5; ++i) {
        Request single = Several(prompt, 12, 1, 7 + i);
        const uint64_t one = MustSubmit(single);
        EXPECT_EQ(RunToEnd()[one].tokens,
                  outputs[id].choices[static_cast<int32_t>(i)].tokens);
      }
      if (!prefix_cache) {
        EXPECT_EQ(engine_->stats().pages_idle, 0);
      }
      EXPECT_EQ(engine_->stats().submitted, 6u);
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

TEST_F(EngineChoicesTest, UnsharedTheyShareAmongThemselves) {
  MakeEngine(Small(256, 64));
  Request request = Several(Prompt(96, 1), 5, 8);
  request.share_prefix = false;
  const uint64_t id = MustSubmit(request);
  Outputs outputs = RunToEnd();
  ExpectAnswers(outputs[id], Prompt(96, 1), 5, 8);
  EXPECT_LE(control_->rows, 96 + 7 * 32 + 8 * 5);
  EXPECT_EQ(engine_->stats().pages_idle, 0);
  ExpectNothingHeld();
}

TEST_F(EngineChoicesTest, SixtyFourInAFewSlots) {
  EngineOptions options = Small(256, 40);
  options.max_concurrency = 3;
  options.max_step_tokens = 20;
  MakeEngine(options);
  const auto prompt = Prompt(50, 1);
  const uint64_t id = MustSubmit(Several(prompt, 9, 64));
  const uint64_t other = MustSubmit(Tokens(Prompt(9, 2), 5));
  Outputs outputs = RunToEnd();
  ExpectAnswers(outputs[id], prompt, 9, 64);
  EXPECT_EQ(outputs[other].tokens, Expected(Prompt(9, 2), 5));
  ExpectNothingHeld();
}

TEST_F(EngineChoicesTest, WithFewPages) {
  for (const int swap : {0, 3, 100}) {
    for (const int pages : {4, 5, 7}) {
      MakeModel();
      EngineOptions options = Small(128, pages);
      options.swap_bytes = static_cast<uint64_t>(swap) * 128;
      options.max_step_tokens = 40;
      MakeEngine(options);
      const auto prompt = Prompt(40, 1);
      const uint64_t id = MustSubmit(Several(prompt, 60, 6));
      Outputs outputs = RunToEnd();
      ExpectAnswers(outputs[id], prompt, 60, 6);
      EXPECT_GT(outputs[id].usage.preemptions, 0);
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

TEST_F(EngineChoicesTest, CancelledAtEveryStep) {
  for (const CancelMode mode : {CancelMode::kStop, CancelMode::kDrop}) {
    for (int steps = 0; steps < 14; ++steps) {
      MakeModel();
      EngineOptions options = Small(256, 64);
      options.max_step_tokens = 16;
      options.max_concurrency = 2;
      MakeEngine(options);
      const auto prompt = Prompt(40, 1);
      const uint64_t id = MustSubmit(Several(prompt, 4, 3));
      const uint64_t stays = MustSubmit(Tokens(Prompt(9, 2), 10));
      for (int i = 0; i < steps; ++i) ASSERT_TRUE(engine_->Step().ok());
      const bool live =
          *engine_->GetRequestState(id) != RequestState::kFinished;
      EXPECT_EQ(engine_->Cancel(id, mode).ok(), live);
      EXPECT_EQ(engine_->Cancel(id, mode).code(), absl::StatusCode::kNotFound);
      Outputs outputs = RunToEnd();
      const Output& output = outputs[id];
      EXPECT_EQ(output.terminals, 1);
      EXPECT_FALSE(output.after_terminal);
      if (live) {
        EXPECT_EQ(output.reason, FinishReason::kCancelled) << steps;
      }
      for (const auto& [i, choice] : output.choices) {
        EXPECT_EQ(choice.ends, 1);
        auto expected = Drawn(prompt, 4, 7 + static_cast<uint64_t>(i));
        expected.resize(choice.tokens.size());
        EXPECT_EQ(choice.tokens, expected);
        if (live && mode == CancelMode::kDrop) {
          EXPECT_TRUE(choice.tokens.empty()) << steps;
        }
      }
      EXPECT_EQ(outputs[stays].tokens, Expected(Prompt(9, 2), 10));
      EXPECT_EQ(engine_->stats().cancelled, live ? 1u : 0u);
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

TEST_F(EngineChoicesTest, CancelledWhileAStepIsComputed) {
  for (const CancelMode mode : {CancelMode::kStop, CancelMode::kDrop}) {
    for (int at = 1; at < 6; ++at) {
      MakeModel();
      MakeEngine(Small(256, 64));
      uint64_t id = 0;
      control_->on_step = [&](const scheduler::StepPlan&) {
        if (control_->steps == at) {
          EXPECT_TRUE(engine_->Cancel(id, mode).ok());
        }
        return OkStatus();
      };
      id = MustSubmit(Several(Prompt(40, 1), 20, 3));
      Outputs outputs = RunToEnd();
      EXPECT_EQ(outputs[id].reason, FinishReason::kCancelled);
      ExpectOneEndEach(outputs);
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

TEST_F(EngineChoicesTest, TheDeadlineEndsAll) {
  VirtualClock clock;
  EngineOptions options = Small(256, 64);
  options.clock = &clock;
  MakeEngine(options);
  Request request = Several(Prompt(40, 1), 100, 3);
  request.deadline_ns = 100;
  const uint64_t id = MustSubmit(request);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(engine_->Step().ok());
  clock.now += 200;
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].reason, FinishReason::kDeadline);
  for (const auto& [i, choice] : outputs[id].choices) {
    EXPECT_EQ(choice.reason, FinishReason::kDeadline);
    EXPECT_FALSE(choice.tokens.empty());
  }
  EXPECT_EQ(outputs[id].choices.size(), 3u);
  ExpectOneEndEach(outputs);
  ExpectNothingHeld();
}

TEST_F(EngineChoicesTest, TheFailureOfOneIsThatOfTheRequest) {
  for (uint64_t bad = 0; bad < 3; ++bad) {
    for (const uint64_t position : {41u, 43u}) {
      MakeModel();
      MakeEngine(Small(256, 64));
      control_->on_sample = [=](const sampling::SampleInput& in) -> Status {
        if (in.params->seed == 7 + bad && in.position >= position) {
          return absl::DataLossError("no numbers");
        }
        return OkStatus();
      };
      const uint64_t id = MustSubmit(Several(Prompt(40, 1), 9, 3));
      const uint64_t stays = MustSubmit(Tokens(Prompt(9, 2), 10));
      Outputs outputs = RunToEnd();
      EXPECT_EQ(outputs[id].last, EventKind::kFailed);
      EXPECT_EQ(outputs[id].status.code(), absl::StatusCode::kDataLoss);
      EXPECT_EQ(outputs[stays].tokens, Expected(Prompt(9, 2), 10));
      EXPECT_EQ(engine_->stats().failed, 1u);
      ExpectOneEndEach(outputs);
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

// A slow consumer of several answers loses nothing.
TEST_F(EngineChoicesTest, PausedAndRead) {
  EngineOptions options = Small(256, 64);
  options.max_pending_events = 2;
  MakeEngine(options);
  const auto prompt = Prompt(40, 1);
  const uint64_t id = MustSubmit(Several(prompt, 30, 4));
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(engine_->Step().ok());
  EXPECT_EQ(engine_->stats().paused, 4);
  Outputs outputs = RunToEnd();
  ExpectAnswers(outputs[id], prompt, 30, 4);
}

class Keeper final : public EventSink {
 public:
  void OnEvent(Event&& event) noexcept override { output.Add(event); }
  Output output;
};

TEST_F(EngineChoicesTest, IntoASink) {
  MakeEngine(Small(256, 64));
  for (const int32_t best_of : {0, 6}) {
    auto sink = std::make_shared<Keeper>();
    Request request = Several(Prompt(40, 1), 5, 3);
    request.sink = sink;
    request.choices.best_of = best_of;
    MustSubmit(request);
    EXPECT_TRUE(RunToEnd().empty());
    EXPECT_EQ(sink->output.terminals, 1);
    EXPECT_EQ(sink->output.choices.size(), 3u);
    for (const auto& [i, choice] : sink->output.choices) {
      EXPECT_EQ(choice.ends, 1);
      EXPECT_EQ(choice.tokens.size(), 5u);
    }
    EXPECT_FALSE(sink->output.after_terminal);
  }
}

std::vector<double> Logits(std::span<const int32_t> context) {
  std::vector<double> logits;
  const uint64_t h = backend::FakeHash(context);
  for (uint64_t t = 0; t < 100; ++t) {
    logits.push_back(static_cast<double>((h ^ (t * 0x9e3779b9)) % 1009) / 150);
  }
  return logits;
}

TEST_F(EngineChoicesTest, TheBestOfManyByMeanLogprob) {
  struct Answer {
    std::vector<int32_t> tokens;
    double mean = 0;
  };
  const auto prompt = Prompt(40, 1);
  std::vector<Answer> answers;
  for (uint64_t seed = 7; seed < 7 + 10; ++seed) {
    auto context = prompt;
    Answer& answer = answers.emplace_back();
    for (int i = 0; i < 6; ++i) {
      const auto logprobs = backend::FakeLogSoftmax(Logits(context));
      std::vector<int32_t> order(100);
      for (int32_t t = 0; t < 100; ++t) order[static_cast<size_t>(t)] = t;
      std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
        return logprobs[static_cast<size_t>(a)] >
               logprobs[static_cast<size_t>(b)];
      });
      const int32_t token =
          order[backend::FakeDraw(seed, context.size()) % 100];
      answer.tokens.push_back(token);
      answer.mean += logprobs[static_cast<size_t>(token)] / 6;
      context.push_back(token);
    }
  }
  std::stable_sort(
      answers.begin(), answers.end(),
      [](const Answer& a, const Answer& b) { return a.mean > b.mean; });
  for (const int pages : {3, 64}) {
    for (const bool report : {false, true}) {
      MakeModel();
      control_->logits = Logits;
      MakeEngine(Small(96, pages));
      Request request = Several(prompt, 6, 3);
      request.choices.best_of = 10;
      request.sampling.logprobs = report ? 2 : -1;
      const uint64_t id = MustSubmit(request);
      Outputs outputs = RunToEnd();
      const Output& output = outputs[id];
      ASSERT_EQ(output.choices.size(), 3u);
      for (const auto& [i, choice] : output.choices) {
        const Answer& answer = answers[static_cast<size_t>(i)];
        EXPECT_EQ(choice.tokens, answer.tokens) << i;
        EXPECT_NEAR(choice.score, answer.mean, 1e-5) << i;
        EXPECT_EQ(choice.text.size(), 6u);
        EXPECT_EQ(choice.logprobs.size(), report ? 6u : 0u);
        EXPECT_EQ(choice.ends, 1);
        EXPECT_EQ(choice.reason, FinishReason::kLength);
      }
      EXPECT_EQ(output.top, report ? 36u : 0u);
      EXPECT_EQ(output.usage.generated_tokens, 60);
      ExpectOneEndEach(outputs);
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

TEST_F(EngineChoicesTest, TheBestOfManyCancelled) {
  for (int i = 0; i < 40; ++i) {
    const CancelMode mode = i % 2 == 0 ? CancelMode::kStop : CancelMode::kDrop;
    const bool inside = i / 2 % 2 == 0;  // a step
    const int steps = i / 4;
    MakeModel();
    MakeEngine(Small(256, 64));
    Request request = Several(Prompt(40, 1), 6, 2);
    request.choices.best_of = 5;
    const uint64_t id = MustSubmit(request);
    bool live = false;
    int step = 0;
    control_->on_step = [&](const scheduler::StepPlan&) {
      if (inside && step++ == steps) live = engine_->Cancel(id, mode).ok();
      return OkStatus();
    };
    for (int k = 0; k < steps; ++k) ASSERT_TRUE(engine_->Step().ok());
    if (!inside) live = engine_->Cancel(id, mode).ok();
    Outputs outputs = RunToEnd();
    control_->on_step = nullptr;
    for (const auto& [c, choice] : outputs[id].choices) {
      EXPECT_LT(c, 2);
      EXPECT_EQ(choice.ends, 1);
    }
    if (live && mode == CancelMode::kDrop) {
      EXPECT_TRUE(outputs[id].tokens.empty()) << i;
      EXPECT_EQ(outputs[id].text, "") << i;
      EXPECT_EQ(outputs[id].choices.size(), 2u) << i;
      EXPECT_EQ(outputs[id].reason, FinishReason::kCancelled) << i;
    }
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EngineChoicesTest, BadNumbersAreRefused) {
  MakeEngine(Small(256, 64));
  const auto code = [this](int32_t count, int32_t best_of, int32_t beams) {
    Request request = Several({1}, 1, count);
    if (beams > 1) request.sampling = {};
    request.choices.best_of = best_of;
    request.choices.beam_width = beams;
    const auto id = engine_->Submit(request);
    if (id.ok()) RunToEnd();
    return id.status().code();
  };
  const auto bad = absl::StatusCode::kInvalidArgument;
  EXPECT_EQ(code(0, 0, 0), bad);
  EXPECT_EQ(code(-1, 0, 0), bad);
  EXPECT_EQ(code(65, 0, 0), bad);
  EXPECT_EQ(code(3, 2, 0), bad);
  EXPECT_EQ(code(1, 65, 0), bad);
  EXPECT_EQ(code(1, -1, 0), bad);
  EXPECT_EQ(code(1, 0, -1), bad);
  EXPECT_EQ(code(1, 0, 65), bad);
  EXPECT_EQ(code(3, 0, 2), bad);
  EXPECT_EQ(code(1, 2, 2), bad);
  EXPECT_EQ(code(1, 0, 33), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code(1, 1, 1), absl::StatusCode::kOk);
  EXPECT_EQ(code(64, 64, 0), absl::StatusCode::kOk);
  ExpectNothingHeld();
}

}  // namespace
}  // namespace inlay::engine
