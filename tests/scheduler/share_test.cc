// What the policies promise over a long run, measured in the simulator.
#include <algorithm>
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

}  // namespace
}  // namespace inlay::scheduler
