// The sampler against the logits processors of transformers.
#include "tests/sampling/golden.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cpp/sampling/sampler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/sampling/large_row.h"
#include "tests/sampling/statistics.h"

namespace inlay::sampling {
namespace {

// How often each token comes out over `draws` consecutive positions.
std::vector<int> Histogram(const std::vector<float>& logits,
                           SamplingParams params, SampleInput input,
                           int draws) {
  Sampler sampler(static_cast<int32_t>(logits.size()));
  std::vector<int> counts(logits.size());
  SampleOutput output;
  for (int i = 0; i < draws; ++i) {
    std::vector<float> row = logits;
    input.params = &params;
    input.position = i;
    EXPECT_TRUE(sampler.Sample(std::span(row), input, &output).ok());
    ++counts[output.token];
  }
  return counts;
}

TEST(SamplerGoldenTest, DistributionsAreThoseOfTheReference) {
  constexpr int kDraws = 20000;
  const std::vector<GoldenCase> cases = ReadGolden("distributions.txt");
  ASSERT_EQ(cases.size(), 24u);
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.text());
    SamplingParams params = golden.Params();
    params.seed = 99;
    const std::vector<float> logits = golden.GetAs<float>("logits");
    ASSERT_TRUE(Validate(params, static_cast<int32_t>(logits.size())).ok());
    const auto prompt = golden.GetAs<int32_t>("prompt");
    const auto generated = golden.GetAs<int32_t>("generated");
    SampleInput input;
    input.prompt = prompt;
    input.generated = generated;
    const std::vector<int> counts = Histogram(logits, params, input, kDraws);
    const std::vector<double> want = golden.Get("probabilities");
    ExpectDistribution(counts, want, kDraws);
  }
}

TEST(SamplerGoldenTest, LogprobsAreOfTheUnmodifiedRow) {
  for (const GoldenCase& golden : ReadGolden("distributions.txt")) {
    SCOPED_TRACE(golden.text());
    SamplingParams params = golden.Params();
    params.logprobs = 24;
    const std::vector<double> want = golden.Get("logprobs");
    const auto prompt = golden.GetAs<int32_t>("prompt");
    const auto generated = golden.GetAs<int32_t>("generated");
    std::vector<float> row = golden.GetAs<float>("logits");
    Sampler sampler(24);
    SampleOutput output;
    ASSERT_TRUE(
        sampler.Sample(std::span(row), {&params, prompt, generated, 5}, &output)
            .ok());
    EXPECT_NEAR(output.logprob, want[output.token], 1e-6);
    ASSERT_EQ(output.top.size(), 24u);
    std::vector<double> sorted = want;
    std::sort(sorted.rbegin(), sorted.rend());
    for (size_t i = 0; i < output.top.size(); ++i) {
      EXPECT_NEAR(output.top[i].logprob, want[output.top[i].token], 1e-6);
      EXPECT_NEAR(output.top[i].logprob, sorted[i], 1e-6);
    }
  }
}

TEST(SamplerGoldenTest, DrawsFromALargeRowAreThoseOfTheReference) {
  const std::vector<float> logits = LargeRow();
  Sampler sampler(5000);
  const std::vector<GoldenCase> cases = ReadGolden("draws.txt");
  ASSERT_EQ(cases.size(), 9u);
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.text());
    SamplingParams params = golden.Params();
    params.seed = 0x123456789ABCDEF;
    std::vector<int32_t> want = golden.GetAs<int32_t>("tokens");
    std::vector<int32_t> got;
    for (size_t i = 0; i < want.size(); ++i) {
      std::vector<float> row = logits;
      SampleOutput output;
      const uint64_t position = (uint64_t{1} << 33) - 20 + i;
      ASSERT_TRUE(
          sampler.Sample(std::span(row), {&params, {}, {}, position}, &output)
              .ok());
      got.push_back(want[i] == -1 ? -1 : output.token);
    }
    EXPECT_EQ(got, want);
    EXPECT_LE(std::count(want.begin(), want.end(), -1), 4);
  }
}

}  // namespace
}  // namespace inlay::sampling
