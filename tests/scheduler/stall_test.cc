// A long prompt among decodes, on a machine whose steps have a floor that
// memory sets and a slope that arithmetic sets: not the model's straight line.
// A key that a row has to itself costs more than one that a chunk shares.
#include <algorithm>
#include <vector>

#include "tests/scheduler/views.h"

namespace inlay::scheduler {
namespace {

constexpr int32_t kPrompt = 6000;

double StepNs(const StepSize& size) {
  const double rows = static_cast<double>(size.rows);
  return std::max(20e6, 2e6 + 0.9e6 * rows) +
         30 * static_cast<double>(size.scores) +
         100 * static_cast<double>(size.keys);
}

struct Stall {
  double decode_ns = 0;  // a step of the decodes alone
  double worst_ns = 0;   // of a step with rows of the prompt
  double p99_ns = 0;     // of all steps from its arrival to 300 decodes later
  double prompt_ns = 0;  // until its first token
  double alone_ns = 0;   // the same without decodes or chunks
};

// 16 requests decode; then a prompt arrives.
Stall Measure(double stall_factor) {
  const Limits limits = {.max_concurrency = 17,
                         .max_step_tokens = 8192,
                         .max_logits_rows = 17,
                         .page_tokens = 16,
                         .stall_factor = stall_factor};
  Scheduler scheduler(MakePolicy(PolicyKind::kFair), limits);
  CostModel cost;
  std::vector<RequestView> views(16, Running(201, 200, 99));
  Stall stall;
  std::vector<double> times;
  for (int step = 0; step < 800; ++step) {
    if (step == 50) {
      RequestView prompt = Waiting(kPrompt);
      views.push_back(prompt);
    }
    Snapshot snapshot = SnapshotOf(views, 100'000);
    snapshot.cost = &cost;
    Decision decision;
    scheduler.Decide(snapshot, &decision);
    StepSize size;
    bool prompt_ran = false;
    for (const Work& work : decision.work) {
      RequestView& view = views[work.index];
      size.Add(view.cached_tokens, work.rows);
      prompt_ran |= work.index == 16 && view.cached_tokens < kPrompt;
      view.admitted = true;
      view.pages = work.pages;
      view.cached_tokens += work.rows;
      if (view.pending() == 0) ++view.known_tokens;
    }
    // A clock is never exact.
    const double ns = StepNs(size) * (1 + 0.02 * ((step * 7919) % 11 - 5) / 5);
    cost.Observe(size, ns);
    if (step < 50) {
      stall.decode_ns = StepNs(size);
    } else {
      times.push_back(ns);
      if (prompt_ran) {
        stall.prompt_ns += ns;
        stall.worst_ns = std::max(stall.worst_ns, ns);
      }
    }
  }
  EXPECT_GT(views[16].cached_tokens, kPrompt);
  std::sort(times.begin(), times.end());
  stall.p99_ns = times[times.size() * 99 / 100];
  StepSize alone;
  alone.Add(0, kPrompt);
  stall.alone_ns = StepNs(alone);
  return stall;
}

TEST(Stall, ALongPromptLeavesDecodesTheirPace) {
  const Stall chunked = Measure(1.85);
  EXPECT_LT(chunked.p99_ns, 2.0 * chunked.decode_ns);
  EXPECT_LT(chunked.worst_ns, 2.0 * chunked.decode_ns);
  EXPECT_LT(chunked.prompt_ns, 2.5 * chunked.alone_ns);
  ::testing::Test::RecordProperty(
      "p99", std::to_string(chunked.p99_ns / chunked.decode_ns));
  ::testing::Test::RecordProperty(
      "worst", std::to_string(chunked.worst_ns / chunked.decode_ns));
  ::testing::Test::RecordProperty(
      "prompt", std::to_string(chunked.prompt_ns / chunked.alone_ns));
}

TEST(Stall, WithoutALimitTheyStand) {
  const Stall whole = Measure(0);
  EXPECT_GT(whole.worst_ns, 50 * whole.decode_ns);
}

}  // namespace
}  // namespace inlay::scheduler
