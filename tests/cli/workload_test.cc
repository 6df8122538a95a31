#include "cpp/cli/serve/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

#include "cpp/cli/serve/summary.h"

namespace inlay::cli {
namespace {

WorkloadSpec Spec(int64_t requests) {
  WorkloadSpec spec;
  spec.requests = requests;
  spec.seed = 5;
  spec.prompt = LengthDistribution::Parse("prompt-tokens", "uniform:1:100",
                                          LengthSide::kPrompt);
  spec.output = LengthDistribution::Parse(
      "output-tokens", "lognormal:64:1:1:1024", LengthSide::kOutput);
  return spec;
}

TEST(WorkloadTest, AllAtOnce) {
  WorkloadSpec spec = Spec(100);
  const auto plan = PlanWorkload(&spec);
  ASSERT_EQ(plan.size(), 100u);
  for (const PlannedRequest& request : plan) {
    EXPECT_EQ(request.arrival_ns, 0);
    EXPECT_EQ(request.cancel_after, -1);
    EXPECT_EQ(request.tenant, -1);
  }
}

// Gaps of a Poisson process: exponential, so mean and deviation are 1/rate,
// and the share above the mean is 1/e.
TEST(WorkloadTest, PoissonGaps) {
  WorkloadSpec spec = Spec(50001);
  spec.rate = 20;
  const auto plan = PlanWorkload(&spec);
  std::vector<double> gaps;
  for (size_t i = 1; i < plan.size(); ++i) {
    ASSERT_GE(plan[i].arrival_ns, plan[i - 1].arrival_ns);
    gaps.push_back(
        static_cast<double>(plan[i].arrival_ns - plan[i - 1].arrival_ns) / 1e9);
  }
  const double mean = Summarise(gaps).mean;
  double square = 0, above = 0;
  for (double gap : gaps) {
    square += (gap - mean) * (gap - mean);
    above += gap > 0.05;
  }
  EXPECT_NEAR(mean, 0.05, 0.001);
  EXPECT_NEAR(std::sqrt(square / 50000), 0.05, 0.0015);
  EXPECT_NEAR(above / 50000, std::exp(-1), 0.01);
}

TEST(WorkloadTest, DurationEndsTheArrivals) {
  WorkloadSpec spec = Spec(0);
  spec.rate = 1000;
  spec.duration_s = 2;
  const auto plan = PlanWorkload(&spec);
  EXPECT_NEAR(static_cast<double>(plan.size()), 2000, 5 * std::sqrt(2000.0));
  EXPECT_LE(plan.back().arrival_ns, 2'000'000'000);
}

TEST(WorkloadTest, OneOptionLeavesTheOtherDrawsAlone) {
  WorkloadSpec plain = Spec(50), other = Spec(50);
  other.rate = 3;
  other.priorities = {{0, 0.5}, {10, 0.5}};
  other.tenants = {{"a", 3}, {"b", 1}};
  other.cancel_fraction = 0.5;
  const auto left = PlanWorkload(&plain), right = PlanWorkload(&other);
  for (size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(left[i].prompt_tokens, right[i].prompt_tokens);
    EXPECT_EQ(left[i].output_tokens, right[i].output_tokens);
  }
  EXPECT_EQ(PlanWorkload(&other)[49].arrival_ns, right[49].arrival_ns);
  other.seed = 6;
  EXPECT_NE(PlanWorkload(&other)[49].arrival_ns, right[49].arrival_ns);
}

TEST(WorkloadTest, SharesOfPrioritiesTenantsAndCancels) {
  WorkloadSpec spec = Spec(20000);
  spec.priorities = {{0, 9}, {10, 1}};
  spec.tenants = {{"a", 3}, {"b", 1}};
  spec.cancel_fraction = 0.25;
  double high = 0, first = 0, cancelled = 0;
  for (const PlannedRequest& request : PlanWorkload(&spec)) {
    high += request.priority == 10;
    first += request.tenant == 0;
    if (request.cancel_after < 0) continue;
    ++cancelled;
    EXPECT_LT(request.cancel_after, request.output_tokens);
  }
  EXPECT_NEAR(high / 20000, 0.1, 0.01);
  EXPECT_NEAR(first / 20000, 0.5, 0.02);  // drawn evenly, whatever the weight
  EXPECT_NEAR(cancelled / 20000, 0.25, 0.015);
}

TEST(WorkloadTest, PromptsShareTheirPrefixAndNothingElse) {
  WorkloadSpec spec = Spec(3);
  spec.shared_prefix = 50;
  const auto plan = PlanWorkload(&spec);
  const auto one = PromptTokens(spec, 0, plan[0], 1000);
  const auto two = PromptTokens(spec, 1, plan[1], 1000);
  ASSERT_EQ(one.size(), static_cast<size_t>(plan[0].prompt_tokens));
  ASSERT_GT(one.size(), 50u);
  EXPECT_TRUE(std::equal(one.begin(), one.begin() + 50, two.begin()));
  EXPECT_NE(one[50], two[50]);
  EXPECT_THAT(one,
              testing::Each(testing::AllOf(testing::Ge(0), testing::Lt(1000))));
  EXPECT_EQ(one, PromptTokens(spec, 0, plan[0], 1000));
}

TEST(WorkloadTest, RowsOfAFileKeepTogether) {
  const std::string path = testing::TempDir() + "/workload_lengths.csv";
  std::ofstream(path) << "1,10\n2,20\n3,30\n";
  WorkloadSpec spec = Spec(200);
  spec.prompt = LengthDistribution::Parse("prompt-tokens", "csv:" + path,
                                          LengthSide::kPrompt);
  spec.output = LengthDistribution::Parse("output-tokens", "csv:" + path,
                                          LengthSide::kOutput);
  for (const PlannedRequest& request : PlanWorkload(&spec)) {
    EXPECT_EQ(request.output_tokens, request.prompt_tokens * 10);
  }
}

TEST(WorkloadTest, ReplayNamesTenants) {
  WorkloadSpec spec = Spec(0);
  spec.tenants = {{"a", 3}};
  spec.shared_prefix = 10;
  spec.replay = ParseReplay("f", "0.25,5,6,7,b\n1,2,3\n0,1,1,0,a\n");
  const auto plan = PlanWorkload(&spec);
  ASSERT_EQ(plan.size(), 3u);
  EXPECT_EQ(plan[0].tenant, 0);
  EXPECT_EQ(plan[1].tenant, 1);
  EXPECT_EQ(plan[1].arrival_ns, 250'000'000);
  EXPECT_EQ(plan[1].prompt_tokens, 15);
  EXPECT_EQ(plan[1].priority, 7);
  EXPECT_EQ(plan[2].tenant, -1);
  ASSERT_EQ(spec.tenants.size(), 2u);
  EXPECT_EQ(spec.tenants[1].name, "b");
  EXPECT_EQ(spec.tenants[1].weight, 1);
}

}  // namespace
}  // namespace inlay::cli
