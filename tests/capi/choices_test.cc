// Several answers to one prompt.
#include <inlay/inlay.h>

#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

using inlay_test::kLongNs;

class ChoicesTest : public inlay_test::ModelTest {
 protected:
  void SetUp() override {
    ModelTest::SetUp();
    CreateEngine();
  }
  static inlay_request Several(int32_t choices) {
    inlay_request request = Request(8);
    request.temperature = 1.0f;
    request.seed = 11;
    request.choices = choices;
    return request;
  }
  inlay_generation* Generate(const inlay_request& request) {
    inlay_generation* generation = nullptr;
    EXPECT_EQ(INLAY_OK, inlay_generate(engine, &request, &generation, &error))
        << inlay_test::Message(error);
    return generation;
  }
  std::vector<int32_t> TokensOf(inlay_generation* generation, size_t index) {
    inlay_event event = INLAY_EVENT_INIT;
    EXPECT_EQ(INLAY_OK,
              inlay_generation_get_choice(generation, index, &event, &error));
    EXPECT_EQ(event.kind, INLAY_EVENT_CHOICE);
    EXPECT_EQ(event.choice, static_cast<int32_t>(index));
    return {event.tokens, event.tokens + event.token_count};
  }
};

TEST_F(ChoicesTest, EachHasItsDeltasAndThenItsEnd) {
  const uint64_t id = Submit(Several(3));
  std::map<int32_t, std::vector<int32_t>> answers;
  std::map<int32_t, int> ends;
  for (bool terminal = false; !terminal;) {
    inlay_event event;
    size_t count = 0;
    ASSERT_OK(
        inlay_poll(engine, &event, sizeof(event), 1, kLongNs, &count, &error));
    ASSERT_EQ(count, 1u);
    EXPECT_EQ(event.request_id, id);
    if (event.kind == INLAY_EVENT_DELTA) {
      EXPECT_EQ(ends[event.choice], 0);
      auto& ids = answers[event.choice];
      ids.insert(ids.end(), event.tokens, event.tokens + event.token_count);
    }
    if (event.kind == INLAY_EVENT_CHOICE) {
      ++ends[event.choice];
      EXPECT_EQ(event.finish_reason, INLAY_FINISH_LENGTH);
      EXPECT_EQ(event.generated_tokens, 8);
      EXPECT_LT(event.score, 0.0);
    }
    terminal = event.kind == INLAY_EVENT_FINISHED;
    if (terminal) {
      EXPECT_EQ(event.generated_tokens, 24);
    }
  }
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(ends, (std::map<int32_t, int>{{0, 1}, {1, 1}, {2, 1}}));
  // Choice i is what a request of its own with seed + i gives.
  for (int32_t i = 0; i < 3; ++i) {
    inlay_request alone = Several(0);
    alone.seed = 11 + static_cast<uint64_t>(i);
    tokens.clear();
    Submit(alone);
    PollToEnd(1);
    EXPECT_EQ(tokens, answers[i]) << i;
  }
}

TEST_F(ChoicesTest, AGenerationHoldsThemAll) {
  inlay_generation* generation = Generate(Several(3));
  size_t count = 0;
  ASSERT_OK(inlay_generation_choice_count(generation, &count, &error));
  EXPECT_EQ(count, 3u);
  inlay_event whole = INLAY_EVENT_INIT;
  ASSERT_OK(inlay_generation_get(generation, &whole, &error));
  EXPECT_EQ(whole.kind, INLAY_EVENT_FINISHED);
  EXPECT_EQ(whole.generated_tokens, 24);
  EXPECT_EQ(std::vector<int32_t>(whole.tokens, whole.tokens + 8),
            TokensOf(generation, 0));
  EXPECT_NE(TokensOf(generation, 0), TokensOf(generation, 1));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_generation_get_choice(generation, 3, &whole, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_generation_get_choice(generation, 0, nullptr, &error));
  inlay_generation_release(generation);
}

TEST_F(ChoicesTest, OneAnswerIsAChoiceToo) {
  inlay_generation* generation = Generate(Request(5));
  size_t count = 0;
  ASSERT_OK(inlay_generation_choice_count(generation, &count, &error));
  EXPECT_EQ(count, 1u);
  inlay_event only = INLAY_EVENT_INIT;
  ASSERT_OK(inlay_generation_get_choice(generation, 0, &only, &error));
  EXPECT_EQ(only.token_count, 5u);
  EXPECT_EQ(only.generated_tokens, 5);
  EXPECT_EQ(only.finish_reason, INLAY_FINISH_LENGTH);
  EXPECT_EQ(only.score, 0.0);
  inlay_generation_release(generation);
}

TEST_F(ChoicesTest, OneAnswerHasAScoreIfItsLogprobsAreKnown) {
  inlay_request request = Request(5);
  request.flags |= INLAY_REQUEST_LOGPROBS;
  inlay_generation* generation = Generate(request);
  inlay_event only = INLAY_EVENT_INIT;
  ASSERT_OK(inlay_generation_get_choice(generation, 0, &only, &error));
  ASSERT_NE(only.logprobs, nullptr);
  double sum = 0;
  for (size_t i = 0; i < only.token_count; ++i) {
    sum += static_cast<double>(only.logprobs[i]);
  }
  EXPECT_LT(only.score, 0.0);
  EXPECT_NEAR(only.score, sum / 5, 1e-6);
  inlay_generation_release(generation);
}

TEST_F(ChoicesTest, TheBestComeFirst) {
  inlay_request request = Several(2);
  request.best_of = 5;
  inlay_generation* best = Generate(request);
  inlay_event first = INLAY_EVENT_INIT, second = INLAY_EVENT_INIT;
  ASSERT_OK(inlay_generation_get_choice(best, 0, &first, &error));
  ASSERT_OK(inlay_generation_get_choice(best, 1, &second, &error));
  EXPECT_GE(first.score, second.score);
  EXPECT_LT(first.score, 0.0);
  EXPECT_EQ(first.token_count, 8u);
  inlay_generation_release(best);
  request = Request(8);
  request.choices = 2;
  request.beam_width = 4;
  inlay_generation* beams = Generate(request);
  ASSERT_OK(inlay_generation_get_choice(beams, 0, &first, &error));
  ASSERT_OK(inlay_generation_get_choice(beams, 1, &second, &error));
  EXPECT_GE(first.score, second.score);
  EXPECT_NE(TokensOf(beams, 0), TokensOf(beams, 1));
  inlay_generation_release(beams);
}

TEST_F(ChoicesTest, CombinationsThatMakeNoSenseAreRefused) {
  uint64_t id = 0;
  inlay_request request = Several(3);
  request.best_of = 2;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_submit(engine, &request, &id, &error));
  request = Several(3);
  request.temperature = 0.0f;
  request.beam_width = 2;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_submit(engine, &request, &id, &error));
  request = Several(0);
  request.beam_width = 2;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_submit(engine, &request, &id, &error));
}

TEST_F(ChoicesTest, ACancelEndsThemAll) {
  inlay_request request = Several(4);
  request.max_tokens = 100;
  const uint64_t id = Submit(request);
  ASSERT_OK(inlay_cancel(id, INLAY_CANCEL_DROP, &error));
  const auto ended = PollToEnd(1);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].finish_reason, INLAY_FINISH_CANCELLED);
}

}  // namespace
