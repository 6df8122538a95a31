// More requests than the cache has pages for.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serving/load_answers.h"
#include "tests/serving/load_model.h"

namespace inlay::serving {
namespace {

using engine::Engine;
using engine::EngineOptions;
using engine::EngineStats;

constexpr int32_t kRequests = 64;
constexpr int32_t kPrompt = 130;
constexpr int32_t kAnswer = 190;
constexpr int32_t kPagesEach = (kPrompt + kAnswer) / kPageTokens;

class SmallPool : public testing::Test {
 protected:
  void SetUp() override {
    auto model = OpenTinyModel(1);
    ASSERT_TRUE(model.ok()) << model.status();
    model_ = *model;
  }
  std::shared_ptr<Engine> MakeEngine(int32_t pages, int32_t swap_pages) {
    EngineOptions options;
    options.host_driven = true;
    options.context_length = 2048;  // more than the cache holds
    options.max_concurrency = 16;
    options.max_step_tokens = 128;
    auto sized = WithPages(*model_, options, pages, swap_pages);
    EXPECT_TRUE(sized.ok()) << sized.status();
    auto engine = Engine::Create(model_, *sized);
    EXPECT_TRUE(engine.ok()) << engine.status();
    return engine.ok() ? *engine : nullptr;
  }
  static engine::Request OneRequest(int32_t i) {
    std::mt19937 random(static_cast<uint32_t>(i));
    std::vector<int32_t> tokens;
    for (int32_t j = 0; j < kPrompt; ++j) {
      tokens.push_back(static_cast<int32_t>(random() % kVocabulary));
    }
    engine::Request request = TokenRequest(std::move(tokens), kAnswer);
    request.ignore_end = true;
    return request;
  }
  // Steps to the end and looks at the pages after each step.
  void RunWatched(Engine& engine, Answers* answers) {
    const engine::EngineConfig& config = engine.config();
    int steps = 0;
    for (bool more = true; more;) {
      ASSERT_LT(++steps, 200'000) << "it does not come to an end";
      auto stepped = engine.Step();
      ASSERT_TRUE(stepped.ok()) << stepped.status();
      more = TakeEvents(engine, answers) || *stepped;
      const EngineStats stats = engine.stats();
      ASSERT_LE(stats.pages_used, config.page_count);
      ASSERT_LE(stats.swap_pages_used, config.swap_pages);
      most_swap_ = std::max(most_swap_, stats.swap_pages_used);
    }
  }
  void ServeAll(int32_t swap_pages) {
    auto engine = MakeEngine(4 * kPagesEach, swap_pages);
    ASSERT_NE(engine, nullptr);
    EXPECT_EQ(engine->config().swap_pages, swap_pages);
    std::vector<uint64_t> ids;
    for (int32_t i = 0; i < kRequests; ++i) {
      auto id = engine->Submit(OneRequest(i));
      ASSERT_TRUE(id.ok()) << id.status();
      ids.push_back(*id);
    }
    Answers answers;
    RunWatched(*engine, &answers);
    stats_ = engine->stats();
    ASSERT_EQ(answers.size(), ids.size());
    for (uint64_t id : ids) {
      const Answer& answer = answers[id];
      EXPECT_EQ(answer.ends, 1);
      EXPECT_TRUE(answer.status.ok()) << answer.status;
      EXPECT_EQ(answer.reason, engine::FinishReason::kLength);
      EXPECT_EQ(answer.usage.generated_tokens, kAnswer);
    }
    EXPECT_EQ(stats_.finished, uint64_t{kRequests});
    EXPECT_EQ(stats_.failed, 0u);
    EXPECT_EQ(stats_.pages_used, 0);
    EXPECT_EQ(stats_.swap_pages_used, 0);
    EXPECT_EQ(stats_.queued_tokens, 0);
  }

  std::shared_ptr<engine::Model> model_;
  EngineStats stats_;
  int32_t most_swap_ = 0;
};

TEST_F(SmallPool, AllFinishWithoutSwap) {
  ServeAll(0);
  EXPECT_GT(stats_.preempted_recompute, 0u);
  EXPECT_EQ(stats_.preempted_swap, 0u);
}

TEST_F(SmallPool, AllFinishWithLittleSwap) {
  ServeAll(kPagesEach);
  EXPECT_GT(stats_.preempted_recompute, 0u);
  EXPECT_GT(stats_.preempted_swap, 0u);
  EXPECT_GT(most_swap_, 0);
}

TEST_F(SmallPool, AllFinishWithMuchSwap) {
  ServeAll(16 * kPagesEach);
  EXPECT_GT(stats_.preempted_swap, 0u);
}

// A pool that holds one answer, for a request that asks for several.
TEST_F(SmallPool, SeveralAnswersTakeTurns) {
  std::vector<engine::Request> requests(3, OneRequest(7));
  requests[0].choices.count = 4;
  requests[0].sampling.temperature = 1;
  requests[1].choices.beam_width = 4;
  requests[1].choices.count = 2;
  requests[2].choices.best_of = 4;
  requests[2].sampling.temperature = 1;
  for (const engine::Request& request : requests) {
    std::string expected;
    for (const int32_t pages : {8 * kPagesEach, kPagesEach}) {
      auto engine = MakeEngine(pages, kPagesEach);
      ASSERT_NE(engine, nullptr);
      auto id = engine->Submit(request);
      ASSERT_TRUE(id.ok()) << id.status();
      Answers answers;
      RunWatched(*engine, &answers);
      const Answer& answer = answers[*id];
      ASSERT_EQ(answer.ends, 1);
      EXPECT_TRUE(answer.status.ok()) << answer.status;
      EXPECT_EQ(engine->stats().pages_used, 0);
      EXPECT_EQ(engine->stats().swap_pages_used, 0);
      if (expected.empty()) expected = answer.Bits();
      EXPECT_TRUE(answer.Bits() == expected);
    }
  }
}

TEST_F(SmallPool, WhatNeverFitsIsRefusedWithItsPages) {
  auto fitting = MakeEngine(kPagesEach, 0);
  auto small = MakeEngine(kPagesEach - 1, 0);
  ASSERT_NE(small, nullptr);
  ASSERT_NE(fitting, nullptr);
  const auto refused = small->Submit(OneRequest(1)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()),
              testing::HasSubstr(" " + std::to_string(kPagesEach) + " pages"));
  EXPECT_EQ(small->stats().submitted, 0u);
  // One that fits is served by the same engine, beside the refused one.
  engine::Request shorter = OneRequest(1);
  shorter.max_tokens = kAnswer - kPageTokens;
  auto second = small->Submit(std::move(shorter));
  ASSERT_TRUE(second.ok()) << second.status();
  Answers answers;
  RunWatched(*small, &answers);
  EXPECT_TRUE(answers[*second].status.ok());

  auto id = fitting->Submit(OneRequest(1));
  ASSERT_TRUE(id.ok()) << id.status();
  RunWatched(*fitting, &answers);
  EXPECT_EQ(answers[*id].usage.generated_tokens, kAnswer);
}

}  // namespace
}  // namespace inlay::serving
