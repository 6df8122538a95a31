// First come, first served, with in-flight batching.
#ifndef INLAY_SCHEDULER_FCFS_H_
#define INLAY_SCHEDULER_FCFS_H_

#include <cstdint>
#include <vector>

#include "cpp/scheduler/policy.h"

namespace inlay::scheduler {

// Every step gives each admitted request that decodes its one row, and shares
// the rest of the token budget among prompts in order of arrival; a prompt is
// cut into chunks as the budget goes. The queue's head is admitted when its
// known tokens and the next one fit beside what the others still need.
//
// Pages grow with a request. When they run out, the paused requests lose
// theirs first, then the youngest; a preempted request waits at its place in
// the queue and computes its tokens again. The oldest request that is not
// paused always gets its pages, so that every request ends. One thread at a
// time.
class FcfsPolicy final : public Policy {
 public:
  void Decide(const Snapshot& snapshot, const Limits& limits,
              Decision* decision) override;

 private:
  // Pages a request needs to compute all it knows and append one token.
  int32_t Demand(const RequestView& view) const;
  bool Active(size_t index) const;
  void Preempt(size_t index);
  // Frees pages of paused requests until `need` are free.
  bool ReclaimPaused(int32_t need);
  // Also takes the pages of requests younger than `index`.
  bool Reclaim(size_t index, int32_t need);
  void Add(size_t index, int32_t rows);
  void Continue(size_t index);
  void RunAdmitted();
  void Admit();

  Snapshot snapshot_;
  Limits limits_;
  Decision* decision_ = nullptr;
  std::vector<bool> preempted_;
  int32_t free_ = 0;           // pages, after the decision so far
  int32_t prompt_budget_ = 0;  // rows left for prompts
  int32_t slots_ = 0;          // requests that may still join this step
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_FCFS_H_
