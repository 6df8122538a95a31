// What the policies promise over a long run, measured in the simulator.
#include <algorithm>
#include <limits>
#include <numeric>

#include "gtest/gtest.h"
#include "tests/scheduler/simulator.h"

namespace inlay::scheduler {
namespace {

// Every tenant always has requests waiting.
SimConfig Overload(std::vector<double> weights, uint64_t seed) {
  SimConfig config;
  config.seed = seed;
  config.limits = {.max_concurrency = 8,
                   .max_step_tokens = 40,
                   .max_logits_rows = 8,
                   .page_tokens = 4,
                   .stall_factor = 2};
  config.context = 96;
  config.page_count = 120;  // too few for 8 long ones
  config.swap_pages = 40;
  config.max_queue = 16 * static_cast<int32_t>(weights.size());
  config.keep_full = true;
  config.short_outputs = 700;
  config.cancels = 5;
  config.failures = 2;
  config.weights = std::move(weights);
  return config;
}

void ExpectShares(const SimConfig& config) {
  Simulator simulator(config);
  const auto run = [&](int64_t steps) {
    for (int64_t i = 0; i < steps; ++i) {
      ASSERT_TRUE(simulator.Step()) << simulator.fault();
    }
  };
  run(1000);
  const std::vector<int64_t> before = simulator.tenant_rows();
  run(20'000);
  std::vector<double> rows;
  for (size_t i = 0; i < before.size(); ++i) {
    rows.push_back(static_cast<double>(simulator.tenant_rows()[i] - before[i]));
  }
  const double all = std::accumulate(rows.begin(), rows.end(), 0.0);
  const double weights =
      std::accumulate(config.weights.begin(), config.weights.end(), 0.0);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NEAR(rows[i] / all / (config.weights[i] / weights), 1, 0.05)
        << "tenant " << i << " of weight " << config.weights[i];
  }
  EXPECT_TRUE(simulator.Drain(100'000)) << simulator.fault();
}

TEST(Shares, FollowTheWeightsUnderOverload) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    ExpectShares(Overload({3, 1}, seed));
    ExpectShares(Overload({1, 2, 4, 1}, seed));
    ExpectShares(Overload({1, 1, 1}, seed));
  }
}

TEST(Shares, FollowTheWeightsWithinClassesThatAge) {
  SimConfig config = Overload({3, 1}, 5);
  config.classes = 3;
  config.limits.ageing_ns = 1'000'000;
  ExpectShares(config);
}

// First come, first served knows no tenants: the same load gives equal shares.
TEST(Shares, AreNotFollowedByFcfs) {
  SimConfig config = Overload({3, 1}, 6);
  config.policy = PolicyKind::kFcfs;
  Simulator simulator(config);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(simulator.Step()) << simulator.fault();
  }
  const auto& rows = simulator.tenant_rows();
  EXPECT_LT(static_cast<double>(rows[0]) / static_cast<double>(rows[1]), 1.5);
}

// Two classes that always have requests waiting, on half the pages they could
// use.
SimConfig FullOfClasses(PolicyKind policy) {
  SimConfig config = Overload({1, 1}, 7);
  config.policy = policy;
  config.class_of_tenant = true;
  config.limits.max_concurrency = 4;
  config.limits.max_logits_rows = 4;
  config.page_count = 40;
  config.cancels = 0;
  return config;
}

int64_t LongestWait(const SimConfig& config) {
  Simulator simulator(config);
  for (int i = 0; i < 30'000; ++i) {
    if (!simulator.Step()) ADD_FAILURE() << simulator.fault();
  }
  return std::max(simulator.totals().longest_wait_ns, simulator.oldest_ns());
}

// Once it goes first, a request ends after those before it have: at most
// twice the queue's work, one by one.
TEST(Starvation, EndsAtItsBound) {
  constexpr int64_t kStepNs = 1000;
  for (const auto policy :
       {PolicyKind::kPriority, PolicyKind::kFair, PolicyKind::kDeadline}) {
    SimConfig config = FullOfClasses(policy);
    config.deadlines = policy == PolicyKind::kDeadline ? 900 : 0;
    config.limits.starvation_ns = 1'000'000;
    const int64_t work = config.max_queue * config.context * kStepNs;
    EXPECT_LT(LongestWait(config), config.limits.starvation_ns + 2 * work);
    if (policy == PolicyKind::kDeadline) continue;
    // Ageing bounds it as well; with neither, somebody waits on and on.
    config.limits.starvation_ns = std::numeric_limits<int64_t>::max();
    EXPECT_GT(LongestWait(config), 10'000'000);
    config.limits.ageing_ns = 300'000;
    EXPECT_LT(LongestWait(config), 3 * config.limits.ageing_ns + 2 * work);
  }
}

}  // namespace
}  // namespace inlay::scheduler
