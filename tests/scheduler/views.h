// Snapshots and decisions in few words.
#ifndef INLAY_TESTS_SCHEDULER_VIEWS_H_
#define INLAY_TESTS_SCHEDULER_VIEWS_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "cpp/scheduler/scheduler.h"
#include "gtest/gtest.h"

namespace inlay::scheduler {

inline constexpr TenantView kOneTenant[] = {{1, 1.0}};

inline Limits SmallLimits() {
  return {.max_concurrency = 4,
          .max_step_tokens = 10,
          .max_logits_rows = 4,
          .page_tokens = 4};
}

inline RequestView Waiting(int32_t known) {
  RequestView view;
  view.known_tokens = known;
  return view;
}

// Admitted in order of arrival unless the test says otherwise.
inline RequestView Running(int32_t known, int32_t cached, int32_t pages) {
  RequestView view = Waiting(known);
  view.cached_tokens = cached;
  view.pages = view.own_pages = pages;
  view.admitted = true;
  return view;
}

inline RequestView Paused(RequestView view) {
  view.paused = true;
  return view;
}

inline Snapshot SnapshotOf(const std::vector<RequestView>& views,
                           int32_t free_pages) {
  Snapshot snapshot;
  snapshot.requests = views;
  snapshot.tenants = kOneTenant;
  snapshot.free_pages = free_pages;
  return snapshot;
}

inline Decision Decide(const Snapshot& snapshot,
                       const Limits& limits = SmallLimits(),
                       PolicyKind kind = PolicyKind::kFcfs) {
  Scheduler scheduler(MakePolicy(kind), limits);
  Decision decision;
  scheduler.Decide(snapshot, &decision);
  return decision;
}

// {index, rows} of the work.
inline std::vector<std::pair<int32_t, int32_t>> Rows(const Decision& decision) {
  std::vector<std::pair<int32_t, int32_t>> rows;
  for (const Work& work : decision.work) {
    rows.emplace_back(work.index, work.rows);
  }
  return rows;
}

inline std::vector<int32_t> Preempted(const Decision& decision) {
  std::vector<int32_t> indices;
  for (const Preemption& preemption : decision.preempt) {
    indices.push_back(preemption.index);
  }
  return indices;
}

inline std::vector<int32_t> Rank(Policy& policy, const Snapshot& snapshot,
                                 const Limits& limits, int32_t most = 100) {
  std::vector<int32_t> order;
  policy.Rank(snapshot, limits, most, &order);
  return order;
}

}  // namespace inlay::scheduler

#endif  // INLAY_TESTS_SCHEDULER_VIEWS_H_
