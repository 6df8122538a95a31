// Beam search against an independent search over the same probabilities.
#include <algorithm>
#include <cmath>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

struct Found {
  std::vector<int32_t> tokens;
  double sum = 0;
  double score = 0;
  FinishReason reason = FinishReason::kLength;
};

std::vector<Found> BestFirst(std::vector<Found> found) {
  std::stable_sort(
      found.begin(), found.end(),
      [](const Found& a, const Found& b) { return a.score > b.score; });
  return found;
}

class EngineBeamTest : public EngineFixture {
 protected:
  void SetUp() override {}
  // `skew` makes the end id more or less likely.
  void Start(int32_t vocabulary, const EngineOptions& options,
             double skew = 0) {
    vocabulary_ = vocabulary;
    MakeModel();
    control_->logits = logits_ = [=](std::span<const int32_t> context) {
      std::vector<double> logits;
      const uint64_t h = backend::FakeHash(context);
      for (int32_t t = 0; t < vocabulary; ++t) {
        const uint64_t x =
            (h ^ static_cast<uint64_t>(t + 1)) * 0x9e3779b97f4a7c15u;
        logits.push_back(static_cast<double>((x >> 40) % 10007) / 2500);
      }
      logits.back() += skew;
      return logits;
    };
    MakeEngine(options);
  }
  std::vector<float> Logprobs(const std::vector<int32_t>& context) const {
    const auto logprobs = backend::FakeLogSoftmax(logits_(context));
    return {logprobs.begin(), logprobs.end()};
  }
  static Request Beams(std::vector<int32_t> prompt, int32_t max_tokens,
                       int32_t width, int32_t count, float penalty) {
    Request request = Tokens(std::move(prompt), max_tokens);
    request.ignore_end = false;
    request.choices.beam_width = width;
    request.choices.count = count;
    request.choices.length_penalty = penalty;
    return request;
  }
  static double Score(double sum, size_t length, float penalty) {
    return sum /
           std::pow(static_cast<double>(length), static_cast<double>(penalty));
  }

  // Every sequence there is.
  void Everything(const std::vector<int32_t>& prompt, Found so_far,
                  size_t max_tokens, float penalty,
                  std::vector<Found>* out) const {
    const auto logprobs = Logprobs(Joined(prompt, so_far.tokens));
    const size_t length = so_far.tokens.size() + 1;
    for (int32_t t = 0; t < vocabulary_; ++t) {
      Found next = so_far;
      next.sum += static_cast<double>(logprobs[static_cast<size_t>(t)]);
      next.score = Score(next.sum, length, penalty);
      if (t == vocabulary_ - 1) {
        next.reason = FinishReason::kStop;
        out->push_back(next);
        continue;
      }
      next.tokens.push_back(t);
      if (length == max_tokens) {
        out->push_back(next);
      } else {
        Everything(prompt, next, max_tokens, penalty, out);
      }
    }
  }

  // The search as request.h and the paper say it, over whole rows.
  std::vector<Found> Search(const std::vector<int32_t>& prompt,
                            size_t max_tokens, size_t width,
                            float penalty) const {
    std::vector<Found> beams(1), ended;
    for (size_t length = 1; length <= max_tokens; ++length) {
      std::vector<Found> ways;
      for (const Found& beam : beams) {
        const auto logprobs = Logprobs(Joined(prompt, beam.tokens));
        for (int32_t t = 0; t < vocabulary_; ++t) {
          Found way = beam;
          way.tokens.push_back(t);
          way.sum += static_cast<double>(logprobs[static_cast<size_t>(t)]);
          way.score = Score(way.sum, length, penalty);
          ways.push_back(way);
        }
      }
      std::stable_sort(ways.begin(), ways.end(),
                       [](auto& a, auto& b) { return a.sum > b.sum; });
      const double best = ways.front().score;
      beams.clear();
      for (size_t rank = 0; rank < ways.size(); ++rank) {
        Found way = ways[rank];
        if (way.tokens.back() != vocabulary_ - 1) {
          if (beams.size() < width) beams.push_back(way);
        } else if (rank < width) {
          way.tokens.pop_back();
          way.reason = FinishReason::kStop;
          ended.push_back(way);
        }
      }
      ended = BestFirst(ended);
      if (ended.size() > width) ended.resize(width);
      if (ended.size() == width && ended.back().score >= best) return ended;
    }
    ended.insert(ended.end(), beams.begin(), beams.end());
    return BestFirst(ended);
  }

  void ExpectFound(const Output& output, const std::vector<Found>& found,
                   int32_t count) {
    ASSERT_EQ(output.choices.size(), static_cast<size_t>(count));
    for (const auto& [i, choice] : output.choices) {
      const Found& best = found[static_cast<size_t>(i)];
      EXPECT_EQ(choice.tokens, best.tokens) << i;
      EXPECT_NEAR(choice.score, best.score, 1e-6) << i;
      EXPECT_EQ(choice.reason, best.reason) << i;
      EXPECT_EQ(choice.ends, 1);
      EXPECT_EQ(choice.usage.generated_tokens,
                static_cast<int32_t>(best.tokens.size()));
    }
    EXPECT_EQ(output.started, 1);
    EXPECT_EQ(output.terminals, 1);
    EXPECT_FALSE(output.after_terminal);
    EXPECT_EQ(output.last, EventKind::kFinished);
  }
  static EngineOptions Wide(int pages = 200) {
    EngineOptions options = Small(256, pages);
    options.max_concurrency = 64;
    return options;
  }

  std::function<std::vector<double>(std::span<const int32_t>)> logits_;
};

TEST_F(EngineBeamTest, WideEnoughItFindsTheBestOfAll) {
  for (const float penalty : {0.0f, 1.0f, 2.0f, -1.0f}) {
    for (const double skew : {-2.0, 0.0, 1.5}) {
      Start(4, Wide(), skew);
      const std::vector<int32_t> prompt = {0, 1, 2, 0, 1};
      const uint64_t id = MustSubmit(Beams(prompt, 4, 64, 5, penalty));
      Outputs outputs = RunToEnd();
      std::vector<Found> all;
      Everything(prompt, {}, 4, penalty, &all);
      ExpectFound(outputs[id], BestFirst(all), 5);
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

TEST_F(EngineBeamTest, IsTheSearchItPromises) {
  for (const int32_t width : {2, 3, 5, 8}) {
    for (const float penalty : {0.0f, 1.0f, 0.6f}) {
      for (const double skew : {-3.0, 0.0, 2.0}) {
        Start(20, Wide(), skew);
        const std::vector<int32_t> prompt = {3, 1, 4, 1, 5, 9};
        const uint64_t id =
            MustSubmit(Beams(prompt, 12, width, width, penalty));
        Outputs outputs = RunToEnd();
        const auto found =
            Search(prompt, 12, static_cast<size_t>(width), penalty);
        ExpectFound(outputs[id], found, width);
        ExpectNothingHeld();
        engine_.reset();
      }
    }
  }
}

// Forks share pages and copy the last one; across page borders too.
TEST_F(EngineBeamTest, OverManyPages) {
  for (const bool prefix_cache : {true, false}) {
    EngineOptions options = Wide();
    options.prefix_cache = prefix_cache;
    Start(20, options, -5);
    std::vector<int32_t> prompt;
    for (int32_t i = 0; i < 50; ++i) prompt.push_back(i * 7 % 19);
    const auto found = Search(prompt, 80, 4, 1.0f);
    const uint64_t id = MustSubmit(Beams(prompt, 80, 4, 2, 1.0f));
    Outputs outputs = RunToEnd();
    ExpectFound(outputs[id], found, 2);
    EXPECT_EQ(outputs[id].choices[0].text.size(),
              static_cast<size_t>(
                  std::count_if(found[0].tokens.begin(), found[0].tokens.end(),
                                [](int32_t t) { return t < 18; })));
    EXPECT_LE(control_->rows, 50 + 4 * 80);
    ExpectNothingHeld();
    if (!prefix_cache) {
      EXPECT_EQ(engine_->stats().pages_idle, 0);
    }
    engine_.reset();
  }
}

// Down to a pool that holds one sequence.
TEST_F(EngineBeamTest, WithFewPages) {
  std::vector<int32_t> prompt;
  for (int32_t i = 0; i < 50; ++i) prompt.push_back(i * 7 % 19);
  for (const uint64_t swap : {0u, 4u, 40u}) {
    for (const int pages : {4, 5, 6, 8, 12}) {
      EngineOptions options = Wide(pages);
      options.swap_bytes = swap * 128;
      Start(20, options, -5);
      const auto found = Search(prompt, 70, 4, 1.0f);
      const uint64_t id = MustSubmit(Beams(prompt, 70, 4, 4, 1.0f));
      Outputs outputs;
      for (int i = 0; i < 20000; ++i) {
        auto more = engine_->Step();
        ASSERT_TRUE(more.ok()) << more.status();
        Drain(&outputs);
        if (!*more) break;
      }
      ASSERT_EQ(outputs[id].terminals, 1) << pages << " pages, swap " << swap;
      ExpectFound(outputs[id], found, 4);
      ExpectNothingHeld();
      engine_.reset();
    }
  }
}

TEST_F(EngineBeamTest, AmongOtherRequests) {
  for (const int pages : {8, 20, 60}) {
    EngineOptions options = Wide(pages);
    options.swap_bytes = 20 * 128;
    Start(20, options, -1);
    std::vector<uint64_t> ids;
    std::vector<std::vector<int32_t>> prompts;
    for (int32_t r = 0; r < 6; ++r) {
      std::vector<int32_t> prompt;
      for (int32_t i = 0; i < 20 + 9 * r; ++i) prompt.push_back((i + r) % 19);
      prompts.push_back(prompt);
      ids.push_back(MustSubmit(Beams(prompt, 30, 3, 3, 1.0f)));
    }
    Outputs outputs = RunToEnd();
    for (size_t r = 0; r < ids.size(); ++r) {
      ASSERT_EQ(outputs[ids[r]].terminals, 1) << pages;
      ExpectFound(outputs[ids[r]], Search(prompts[r], 30, 3, 1.0f), 3);
    }
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EngineBeamTest, CancelledAtEveryStep) {
  for (int i = 0; i < 112; ++i) {
    const CancelMode mode = i % 2 == 0 ? CancelMode::kStop : CancelMode::kDrop;
    const bool inside = i / 2 % 2 == 0;  // a step
    const int steps = i / 4 % 14;
    Start(20, Wide(), i < 56 ? -1 : 1);  // then some have ended
    const uint64_t id = MustSubmit(Beams({1, 2, 3}, 12, 4, 2, 1.0f));
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
    ASSERT_EQ(outputs[id].terminals, 1);
    for (const auto& [c, choice] : outputs[id].choices) {
      EXPECT_LT(c, 2);
      EXPECT_EQ(choice.ends, 1);
    }
    if (live && mode == CancelMode::kDrop) {
      EXPECT_TRUE(outputs[id].tokens.empty()) << i;
      EXPECT_EQ(outputs[id].text, "") << i;
      EXPECT_EQ(outputs[id].choices.size(), 2u) << i;
    }
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
    engine_.reset();
  }
}

TEST_F(EngineBeamTest, FailuresAndStopStrings) {
  Start(20, Wide(), -4);
  int samples = 0;
  control_->on_sample = [&](const sampling::SampleInput&) -> Status {
    if (++samples == 9) return absl::DataLossError("no numbers");
    return OkStatus();
  };
  uint64_t id = MustSubmit(Beams({1, 2, 3}, 12, 4, 2, 1.0f));
  Outputs outputs = RunToEnd();
  EXPECT_EQ(outputs[id].last, EventKind::kFailed);
  EXPECT_EQ(outputs[id].status.code(), absl::StatusCode::kDataLoss);
  ExpectNothingHeld();
  control_->on_sample = nullptr;
  Request request = Beams({1, 2, 3}, 12, 4, 4, 1.0f);
  request.stop_strings = {"c", "f", "b"};
  id = MustSubmit(request);
  outputs = RunToEnd();
  ASSERT_EQ(outputs[id].choices.size(), 4u);
  for (const auto& [i, choice] : outputs[id].choices) {
    EXPECT_EQ(choice.text.find_first_of("cfb"), std::string::npos);
  }
  ExpectOneEndEach(outputs);
  ExpectNothingHeld();
}

// Nearly every token ends the answer.
TEST_F(EngineBeamTest, WithManyEndIds) {
  Start(20, Wide(), 0);
  for (int32_t first = 0; first < 19; first += 3) {
    Request request = Beams({1, 2, 3}, 6, 16, 3, 1.0f);
    for (int32_t t = first; t < 19; ++t) request.stop_tokens.push_back(t);
    const uint64_t id = MustSubmit(request);
    Outputs outputs = RunToEnd();
    ASSERT_EQ(outputs[id].terminals, 1) << first;
    EXPECT_EQ(outputs[id].last, EventKind::kFinished);
    EXPECT_GE(outputs[id].usage.generated_tokens, 0);
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
  }
}

}  // namespace
}  // namespace inlay::engine
