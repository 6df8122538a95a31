// Random loads over all policies; ten million steps in the long
// tests, which set INLAY_TEST_ALL.
#include "tests/scheduler/simulator.h"

#include <cstdlib>
#include <string>

#include "gtest/gtest.h"

namespace inlay::scheduler {
namespace {

int64_t TotalSteps() {
  return std::getenv("INLAY_TEST_ALL") != nullptr ? 10'000'000 : 200'000;
}

// A scenario of its own for every seed.
SimConfig ConfigOf(uint64_t seed) {
  SimRandom random(seed);
  const auto pick = [&random](std::initializer_list<int32_t> values) {
    return values.begin()[random.Below(static_cast<int32_t>(values.size()))];
  };
  SimConfig config;
  config.seed = seed;
  config.policy = static_cast<PolicyKind>(seed % 4);
  Limits& limits = config.limits;
  limits.max_concurrency = pick({1, 3, 4, 8, 8});
  limits.max_step_tokens = limits.max_concurrency + pick({0, 3, 16, 64});
  limits.max_logits_rows = limits.max_concurrency + pick({0, 0, 5, 64});
  limits.page_tokens = pick({1, 4, 4, 16});
  limits.batching =
      pick({0, 0, 0, 1}) == 1 ? Batching::kStatic : Batching::kInFlight;
  limits.stall_factor = pick({0, 1, 2, 4});
  limits.ageing_ns = pick({0, 3'000, 200'000});
  limits.starvation_ns = pick({20'000, 500'000, 10'000'000});
  config.context = pick({12, 48, 96, 200});
  config.short_outputs = pick({0, 500, 1000});
  const int32_t most = cache::PagesFor(config.context, limits.page_tokens);
  config.page_count = most * pick({1, 1, 2, 2, 4}) + random.Below(most);
  config.swap_pages = pick({0, 0, 1, 4}) * most;
  config.max_queue = pick({4, 12, 24});
  config.arrivals = pick({100, 500, 900});
  config.weights.assign(static_cast<size_t>(pick({1, 2, 3})), 1);
  config.classes = pick({1, 3});
  config.deadlines = pick({0, 0, 300});
  config.cancels = pick({0, 2, 20});
  config.pauses = pick({0, 0, 30});
  config.forks = pick({0, 0, 50});
  config.failures = pick({0, 5});
  config.per_row = pick({0, 100});
  config.wholes = pick({0, 0, 500, 1000});
  config.reuse = pick({0, 1, 1}) == 1;
  return config;
}

TEST(Simulator, EverythingHoldsAfterEveryStep) {
  constexpr int64_t kSteps = 2000;  // of one scenario
  Simulator::Totals sum;
  for (uint64_t seed = 1; sum.steps < TotalSteps(); ++seed) {
    Simulator simulator(ConfigOf(seed));
    for (int64_t i = 0; i < kSteps; ++i) {
      ASSERT_TRUE(simulator.Step()) << simulator.fault();
    }
    ASSERT_TRUE(simulator.Drain(100'000)) << simulator.fault();
    const Simulator::Totals& totals = simulator.totals();
    sum.steps += totals.steps;
    sum.finished += totals.finished;
    sum.cancelled += totals.cancelled;
    sum.expired += totals.expired;
    sum.recomputed += totals.recomputed;
    sum.swapped += totals.swapped;
    sum.failed_steps += totals.failed_steps;
    sum.reused_tokens += totals.reused_tokens;
    sum.forks += totals.forks;
    sum.passed_over += totals.passed_over;
    sum.wholes += totals.wholes;
  }
  RecordProperty("steps", std::to_string(sum.steps));
  RecordProperty("finished", std::to_string(sum.finished));
  RecordProperty("cancelled", std::to_string(sum.cancelled));
  RecordProperty("expired", std::to_string(sum.expired));
  RecordProperty("recomputed", std::to_string(sum.recomputed));
  RecordProperty("swapped", std::to_string(sum.swapped));
  RecordProperty("failed_steps", std::to_string(sum.failed_steps));
  RecordProperty("reused_tokens", std::to_string(sum.reused_tokens));
  RecordProperty("forks", std::to_string(sum.forks));
  RecordProperty("passed_over", std::to_string(sum.passed_over));
  // The scenarios reach what they are meant to reach.
  for (const int64_t count :
       {sum.finished, sum.cancelled, sum.expired, sum.recomputed, sum.swapped,
        sum.failed_steps, sum.reused_tokens, sum.forks, sum.passed_over,
        sum.wholes}) {
    EXPECT_GT(count, 100);
  }
}

}  // namespace
}  // namespace inlay::scheduler
