#include "cpp/sampling/sampler.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::sampling {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kMax = std::numeric_limits<float>::max();

struct Drawn {
  Status status;
  SampleOutput output;
};

Drawn Sample(std::vector<float> row, const SamplingParams& params,
             uint64_t position = 0, std::vector<int32_t> prompt = {},
             std::vector<int32_t> generated = {}) {
  Sampler sampler(static_cast<int32_t>(row.size()));
  Drawn drawn;
  drawn.status = sampler.Sample(
      std::span(row), {&params, prompt, generated, position}, &drawn.output);
  return drawn;
}

SamplingParams Warm() {
  SamplingParams params;
  params.temperature = 1.0f;
  return params;
}

TEST(SamplerTest, GreedyTakesTheLargestAndTheSmallerIdOfEquals) {
  EXPECT_EQ(Sample({1, 3, 2}, {}).output.token, 1);
  EXPECT_EQ(Sample({2, 5, 5, 5}, {}).output.token, 1);
  std::vector<float> row(1000, -1.0f);
  row[37] = row[900] = 4.0f;
  EXPECT_EQ(Sample(row, {}).output.token, 37);
  EXPECT_EQ(Sample({-kInf, -kMax, -kInf}, {}).output.token, 1);
  EXPECT_EQ(Sample({0.0f, -0.0f}, {}).output.token, 0);
  EXPECT_EQ(Sample({-0.0f, 0.0f}, {}).output.token, 0);
}

TEST(SamplerTest, TopKTakesTheSmallerIdOfEquals) {
  SamplingParams params = Warm();
  params.top_k = 2;
  for (uint64_t position = 0; position < 200; ++position) {
    EXPECT_LE(Sample({5, 5, 5, 5}, params, position).output.token, 1);
  }
}

// Wherever in the row the bad value is, in a block or in its tail.
TEST(SamplerTest, RowsWithoutMeaningAreErrors) {
  for (const SamplingParams& params : {SamplingParams(), Warm()}) {
    for (size_t at = 0; at < 41; ++at) {
      std::vector<float> row(41, 1.0f);
      row[at] = kNan;
      EXPECT_EQ(Sample(row, params).status.code(), absl::StatusCode::kDataLoss);
      row[at] = kInf;
      EXPECT_EQ(Sample(row, params).status.code(), absl::StatusCode::kDataLoss);
    }
    EXPECT_EQ(Sample(std::vector<float>(33, -kInf), params).status.code(),
              absl::StatusCode::kDataLoss);
    EXPECT_EQ(Sample({}, params).status.code(), absl::StatusCode::kDataLoss);
  }
  std::vector<float> row(4);
  const SamplingParams params;
  SampleOutput output;
  EXPECT_EQ(
      Sampler(5).Sample(std::span(row), {&params, {}, {}, 0}, &output).code(),
      absl::StatusCode::kInternal);
}

TEST(SamplerTest, BanningWorksAndBanningAllIsAnError) {
  SamplingParams params;
  params.logit_bias = {{1, -kInf}, {0, -kInf}};
  EXPECT_EQ(Sample({1, 3, 2}, params).output.token, 2);
  params.logit_bias.emplace_back(2, -kInf);
  EXPECT_EQ(Sample({1, 3, 2}, params).status.code(),
            absl::StatusCode::kInvalidArgument);
  params.temperature = 1;
  EXPECT_EQ(Sample({1, 3, 2}, params).status.code(),
            absl::StatusCode::kInvalidArgument);
  params.logit_bias.pop_back();
  for (uint64_t position = 0; position < 100; ++position) {
    EXPECT_EQ(Sample({1, 3, 2}, params, position).output.token, 2);
  }
  // What the model itself excludes stays excluded.
  params.logit_bias = {{0, 1000.0f}};
  EXPECT_EQ(Sample({-kInf, 3}, params).output.token, 1);
}

TEST(SamplerTest, ExtremeValuesStayFinite) {
  SamplingParams params = Warm();
  params.repetition_penalty = 1e-38f;
  params.logit_bias = {{2, kMax}};
  for (float temperature : {0.0f, 1e-45f, 1e-20f, 100.0f}) {
    params.temperature = temperature;
    const Drawn drawn =
        Sample({kMax, -kMax, kMax, 1.0f}, params, 3, {0, 1, 3}, {});
    ASSERT_TRUE(drawn.status.ok()) << drawn.status;
    EXPECT_NE(drawn.output.token, 1);
  }
  params.repetition_penalty = 1000.0f;
  EXPECT_TRUE(Sample({-kMax, -kMax, 0}, params, 0, {0, 1}, {}).status.code() ==
              absl::StatusCode::kOk);
}

TEST(SamplerTest, TinyTemperatureIsGreedy) {
  SamplingParams params;
  params.temperature = 1e-30f;
  for (uint64_t position = 0; position < 50; ++position) {
    EXPECT_EQ(Sample({1, 3, 2.9999f}, params, position).output.token, 1);
  }
}

TEST(SamplerTest, HistoryOutsideTheVocabularyIsAnError) {
  SamplingParams params;
  params.presence_penalty = 1;
  EXPECT_EQ(Sample({1, 2}, params, 0, {}, {2}).status.code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(Sample({1, 2}, params, 0, {-1}, {}).status.code(),
            absl::StatusCode::kInternal);
  params = {};
  params.logit_bias = {{2, 1.0f}};
  EXPECT_EQ(Sample({1, 2}, params).status.code(), absl::StatusCode::kInternal);
}

TEST(SamplerTest, PenaltyStateDoesNotLeakIntoTheNextRow) {
  SamplingParams params;
  params.repetition_penalty = 2;
  params.frequency_penalty = 1;
  Sampler sampler(3);
  SampleOutput output;
  const std::vector<int32_t> seen = {2, 2};
  std::vector<float> row = {1, 1.5f, 2};
  ASSERT_TRUE(
      sampler.Sample(std::span(row), {&params, {}, seen, 0}, &output).ok());
  EXPECT_EQ(output.token, 1);
  row = {1, 1.5f, 2};
  ASSERT_TRUE(
      sampler.Sample(std::span(row), {&params, {}, {}, 0}, &output).ok());
  EXPECT_EQ(output.token, 2);
}

// A draw is a function of row, parameters, seed and position alone.
TEST(SamplerTest, DrawsDoNotDependOnWhatWasSampledBefore) {
  std::vector<float> logits(300);
  for (size_t i = 0; i < logits.size(); ++i) {
    logits[i] = std::sin(static_cast<float>(i * i));
  }
  Sampler used(300);
  for (int variant = 0; variant < 5; ++variant) {
    SamplingParams params = Warm();
    params.seed = 7;
    if (variant == 1) params.top_k = 20;
    if (variant == 2) params.top_p = 0.7f;
    if (variant == 3) params.typical_p = 0.7f;
    if (variant == 4) params.logprobs = 5;
    for (uint64_t position = 100; position-- > 0;) {
      std::vector<float> row = logits;
      SampleOutput output;
      ASSERT_TRUE(
          used.Sample(std::span(row), {&params, {}, {}, position}, &output)
              .ok());
      EXPECT_EQ(output.token, Sample(logits, params, position).output.token);
    }
  }
}

TEST(SamplerTest, SeedsAndPositionsGiveOtherDraws) {
  const std::vector<float> logits(64, 0.0f);
  SamplingParams params = Warm();
  std::vector<int> first, second, same;
  for (uint64_t position = 0; position < 64; ++position) {
    params.seed = 1;
    first.push_back(Sample(logits, params, position).output.token);
    same.push_back(Sample(logits, params, position).output.token);
    params.seed = uint64_t{1} << 32;
    second.push_back(Sample(logits, params, position).output.token);
  }
  EXPECT_EQ(first, same);
  EXPECT_NE(first, second);
  EXPECT_NE(first, std::vector<int>(64, first[0]));
}

TEST(SamplerTest, LogprobsOfChosenAndLikeliest) {
  SamplingParams params;
  params.logprobs = 2;
  params.logit_bias = {{0, 100.0f}, {0, 1.0f}};
  const Drawn drawn = Sample({0, 2, 1, 2}, params);
  const double sum = 1 + std::exp(1.0) + 2 * std::exp(2.0);
  EXPECT_EQ(drawn.output.token, 0);
  EXPECT_NEAR(drawn.output.logprob, -std::log(sum), 1e-6);
  ASSERT_EQ(drawn.output.top.size(), 2u);
  EXPECT_EQ(drawn.output.top[0].token, 1);
  EXPECT_EQ(drawn.output.top[1].token, 3);
  EXPECT_NEAR(drawn.output.top[1].logprob, 2 - std::log(sum), 1e-6);
  params.logprobs = 0;
  EXPECT_TRUE(Sample({0, 2, 1, 2}, params).output.top.empty());
}

TEST(LogSoftmaxTest, LargeRowSumsToOne) {
  std::vector<float> row(150000), out(150000);
  for (size_t i = 0; i < row.size(); ++i) {
    row[i] = 10 * std::sin(static_cast<float>(i));
  }
  LogSoftmax(row, out);
  double sum = 0, reference = 0;
  for (const float x : row) reference += std::exp(static_cast<double>(x));
  for (const float x : out) sum += std::exp(static_cast<double>(x));
  EXPECT_NEAR(sum, 1.0, 1e-6);
  EXPECT_NEAR(out[3], row[3] - std::log(reference), 2e-6);
}

}  // namespace
}  // namespace inlay::sampling
