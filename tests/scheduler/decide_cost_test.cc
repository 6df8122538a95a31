// What a decision costs: no allocation in a steady state. Counts every
// operator new of this binary.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <string>

#include "tests/scheduler/views.h"

namespace {
std::atomic<int64_t> allocations = 0;
}  // namespace

// Out of line: inlined into one caller and not another, new and free would
// look mismatched to the compiler.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept {
  std::free(block);
}

namespace inlay::scheduler {
namespace {

class NoReuse final : public ReuseLookup {
 public:
  Reuse Look(int32_t) override { return {}; }
  void Joined(int32_t) override {}
};

// 64 run, many wait; some running ones end in every step, so that others join.
class DecideCost : public testing::TestWithParam<PolicyKind> {
 protected:
  void Run(int32_t waiting, int32_t steps) {
    views_.assign(60, Running(101, 100, 7));
    for (int32_t i = 0; i < waiting; ++i) {
      RequestView view = Waiting(20 + i % 50);
      view.priority = i % 3;
      view.tenant = i % 100;
      view.arrival_ns = i;
      view.deadline_ns = 5000 + i * 37 % 1000;
      views_.push_back(view);
    }
    for (uint64_t i = 0; i < 100; ++i) {
      tenants_.push_back({i + 1, 1.0 + static_cast<double>(i)});
    }
    for (int32_t step = 0; step < steps; ++step) Decide(step);
  }
  void Decide(int32_t step) {
    Snapshot snapshot;
    snapshot.requests = views_;
    snapshot.tenants = tenants_;
    snapshot.free_pages = 400 + step % 7;
    snapshot.free_swap_pages = 100;
    snapshot.now_ns = 100'000 + step;
    snapshot.reuse = &reuse_;
    snapshot.cost = &cost_;
    scheduler_.Decide(snapshot, &decision_);
    EXPECT_GE(decision_.work.size(), 60u);
    cost_.Observe({64, 64 * 100 + step}, 5e7);
  }

  const Limits limits_ = {.max_concurrency = 64,
                          .max_step_tokens = 512,
                          .max_logits_rows = 64,
                          .page_tokens = 16,
                          .stall_factor = 1.8,
                          .ageing_ns = 1000};
  Scheduler scheduler_{MakePolicy(GetParam()), limits_};
  std::vector<RequestView> views_;
  std::vector<TenantView> tenants_;
  NoReuse reuse_;
  CostModel cost_;
  Decision decision_;
};

TEST_P(DecideCost, AllocatesNothingInASteadyState) {
  Run(1000, 20);
  const int64_t before = allocations;
  for (int32_t step = 20; step < 200; ++step) Decide(step);
  EXPECT_EQ(allocations - before, 0);
}

// Not a limit, a figure.
TEST_P(DecideCost, Time) {
  for (const int32_t waiting : {1000, 10'000}) {
    Run(waiting, 10);
    const auto start = std::chrono::steady_clock::now();
    for (int32_t step = 10; step < 110; ++step) Decide(step);
    const auto ns = std::chrono::steady_clock::now() - start;
    RecordProperty("us_of_" + std::to_string(waiting),
                   std::to_string(ns.count() / 100'000));
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, DecideCost,
                         testing::Values(PolicyKind::kFair, PolicyKind::kFcfs,
                                         PolicyKind::kPriority,
                                         PolicyKind::kDeadline));

}  // namespace
}  // namespace inlay::scheduler
