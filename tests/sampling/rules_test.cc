// Bans, DRY, XTC and mirostat against other implementations of what their
// authors published.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "cpp/sampling/sampler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sampling/golden.h"
#include "tests/sampling/large_row.h"
#include "tests/sampling/statistics.h"

namespace inlay::sampling {
namespace {

// The sampler leaves the row as it adjusted it.
TEST(SamplerRulesTest, LogitsAreAdjustedAsTheReferenceDoes) {
  const std::vector<GoldenCase> cases = ReadGolden("adjusted.txt");
  ASSERT_EQ(cases.size(), 71u);
  Sampler sampler(24);
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.text());
    const SamplingParams params = golden.Params();
    ASSERT_TRUE(Validate(params, 24).ok()) << Validate(params, 24);
    const auto prompt = golden.GetAs<int32_t>("prompt");
    const auto generated = golden.GetAs<int32_t>("generated");
    const std::vector<double> want = golden.Get("adjusted");
    std::vector<float> row = golden.GetAs<float>("logits");
    SampleOutput output;
    ASSERT_TRUE(
        sampler.Sample(std::span(row), {&params, prompt, generated, 5}, &output)
            .ok());
    for (size_t i = 0; i < row.size(); ++i) {
      if (std::isinf(want[i])) {
        EXPECT_EQ(row[i], static_cast<float>(want[i])) << "token " << i;
      } else {
        EXPECT_NEAR(row[i], want[i], 1e-6 * std::max(4.0, std::abs(want[i])))
            << "token " << i;
      }
    }
  }
}

SamplerState StateOf(const GoldenCase& golden) {
  const std::vector<double> mu = golden.Get("mu");
  if (mu.empty()) return {};
  return {.started = true, .mirostat_mu = mu[0]};
}

TEST(SamplerRulesTest, CutsLeaveTheDistributionOfTheReference) {
  constexpr int kDraws = 20000;
  const std::vector<GoldenCase> cases = ReadGolden("cuts.txt");
  ASSERT_EQ(cases.size(), 16u);
  Sampler sampler(24);
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.text());
    SamplingParams params = golden.Params();
    ASSERT_TRUE(Validate(params, 24).ok()) << Validate(params, 24);
    params.seed = 31;
    const std::vector<float> logits = golden.GetAs<float>("logits");
    const std::vector<double> next_mu = golden.Get("next_mu");
    const SamplerState state = StateOf(golden);
    std::vector<int> counts(24);
    for (uint64_t position = 0; position < kDraws; ++position) {
      std::vector<float> row = logits;
      SampleOutput output;
      const SampleInput input = {
          .params = &params, .position = position, .state = &state};
      ASSERT_TRUE(sampler.Sample(std::span(row), input, &output).ok());
      ++counts[output.token];
      if (next_mu.empty()) continue;
      ASSERT_TRUE(output.state.started);
      ASSERT_NEAR(output.state.mirostat_mu, next_mu[output.token], 2e-6);
    }
    ExpectDistribution(counts, golden.Get("probabilities"), kDraws);
  }
}

TEST(SamplerRulesTest, DrawsOfConsecutivePositionsAreThoseOfTheReference) {
  const std::vector<float> logits = LargeRow();
  Sampler sampler(5000);
  const std::vector<GoldenCase> cases = ReadGolden("loops.txt");
  ASSERT_EQ(cases.size(), 7u);
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.text());
    SamplingParams params = golden.Params();
    params.seed = 0xFEDCBA987;
    const auto tokens = golden.GetAs<int32_t>("tokens");
    const std::vector<double> mus = golden.Get("mus");
    ASSERT_EQ(tokens.size(), 50u);
    SamplerState state;
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::vector<float> row = logits;
      SampleOutput output;
      const SampleInput input = {
          .params = &params, .position = 1000 + i, .state = &state};
      ASSERT_TRUE(sampler.Sample(std::span(row), input, &output).ok());
      if (tokens[i] != -1) {
        ASSERT_EQ(output.token, tokens[i]) << i;
      }
      if (!mus.empty()) {
        ASSERT_NEAR(output.state.mirostat_mu, mus[i], 1e-4) << i;
      }
      state = output.state;
    }
  }
}

TEST(SamplerRulesTest, XtcKeepsTheLargerIdOfEquals) {
  SamplingParams params;
  params.temperature = 1;
  params.xtc_probability = 1;
  params.xtc_threshold = 0.25f;
  for (uint64_t position = 0; position < 50; ++position) {
    std::vector<float> row = {1, 1, 1, -50};
    SampleOutput output;
    Sampler sampler(4);
    ASSERT_TRUE(
        sampler.Sample(std::span(row), {&params, {}, {}, position}, &output)
            .ok());
    EXPECT_EQ(output.token, 2);
  }
}

// With flat rows and mu near 0 the first algorithm's bound has no logarithm.
TEST(SamplerRulesTest, MirostatStandsRowsOfEveryShape) {
  const std::vector<std::vector<float>> rows = {
      std::vector<float>(300, 1.0f),
      {3.0f},
      {5.0f, -INFINITY, -INFINITY},
      {0.0f, -200.0f, 3e38f, -3e38f},
  };
  for (const int version : {1, 2}) {
    for (const double mu : {-1e6, -3.0, 0.0, 8.0, 1e6}) {
      for (const std::vector<float>& logits : rows) {
        SamplingParams params;
        params.temperature = 1;
        params.mirostat = version;
        const SamplerState state = {.started = true, .mirostat_mu = mu};
        std::vector<float> row = logits;
        SampleOutput output;
        Sampler sampler(static_cast<int32_t>(row.size()));
        ASSERT_TRUE(sampler
                        .Sample(std::span(row),
                                {&params, {}, {}, 1, -1, &state}, &output)
                        .ok());
        ASSERT_GE(output.token, 0);
        EXPECT_FALSE(std::isinf(logits[output.token]));
        EXPECT_TRUE(std::isfinite(output.state.mirostat_mu));
      }
    }
  }
}

// Comparing every pair of places would take minutes here.
TEST(SamplerRulesTest, RepetitionsAreFoundInLinearTime) {
  std::vector<int32_t> history(300000, 3);
  SamplingParams params;
  params.dry_multiplier = 1;
  params.dry_breakers = {{2}, {2, 3, 3}, {1, 3}};
  params.no_repeat_ngram = 100000;
  std::vector<float> row = {0, 1, 2, 9};
  SampleOutput output;
  Sampler sampler(4);
  ASSERT_TRUE(
      sampler.Sample(std::span(row), {&params, history, {}, 1}, &output).ok());
  EXPECT_EQ(output.token, 2);
  EXPECT_EQ(row[3], -INFINITY);
  // Without the ban, the longest repetition still gives a finite logit.
  params.no_repeat_ngram = 0;
  row = {0, 1, 2, 9};
  ASSERT_TRUE(
      sampler.Sample(std::span(row), {&params, history, {}, 1}, &output).ok());
  EXPECT_EQ(output.token, 2);
  EXPECT_EQ(row[3], -std::numeric_limits<float>::max());
}

}  // namespace
}  // namespace inlay::sampling
