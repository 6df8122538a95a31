// Which rows of which requests run in the next step.
#ifndef INLAY_SCHEDULER_SCHEDULER_H_
#define INLAY_SCHEDULER_SCHEDULER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "cpp/scheduler/policy.h"
#include "cpp/scheduler/step_pages.h"
#include "cpp/scheduler/step_rows.h"

namespace inlay::scheduler {

enum class PolicyKind : uint8_t { kFair, kFcfs, kPriority, kDeadline };
std::unique_ptr<Policy> MakePolicy(PolicyKind kind);

// In-flight batching under a budget of tokens: the decodes of all admitted
// requests first, then chunks of their prompts, then the waiting in the order
// of the policy. Decide is deterministic, and its decision can always be
// carried out: the pages of `work` are available after `preempt`. A decision
// may preempt and have no work; the next step then has.
//
// The admitted stand in an order that does not change while they run, so that
// no two of them take each other's pages in turn: the overdue (see
// Limits::starvation_ns) by arrival, then the highest class first, where an
// earlier arrival raises it by one per whole ageing_ns on the clock, then by
// admission. Prompts get their rows in this order.
//
// Pages grow with a request. When they run out, the paused lose theirs first,
// then those that are last in the order. The first that is not paused always
// gets its pages, so that every request ends. To be admitted, a request needs
// room for all its known tokens beside those of the admitted, and a page for
// each of these, so that it does not cause the next preemption; one that does
// not fit makes those behind it wait, one whose prefix is being computed does
// not. Allocates nothing once it has seen as many requests. One thread at a
// time.
class Scheduler {
 public:
  Scheduler(std::unique_ptr<Policy> policy, const Limits& limits);
  void Decide(const Snapshot& snapshot, Decision* decision);
  const Limits& limits() const { return limits_; }

 private:
  enum class Joined : uint8_t { kYes, kPassedOver, kBlocked };

  void SortAdmitted();
  void StartRows();
  void RunAdmitted();
  void Continue(size_t place, bool must);
  // Rows that one at `position` may have; at most `most` of a prompt.
  int32_t Offer(const RequestView& view, int32_t position, int32_t most);
  void TakeRows(const RequestView& view, int32_t position, int32_t rows);
  void Admit();
  // `most`: of its rows.
  Joined Join(int32_t index, int32_t most);
  // Pages that the running ones still take to compute all they know and
  // append one token.
  int32_t Outstanding() const;

  const std::unique_ptr<Policy> policy_;
  const Limits limits_;

  // Of one decision.
  Snapshot snapshot_;
  Decision* decision_ = nullptr;
  std::vector<int32_t> running_;  // the admitted, in their order
  std::vector<int32_t> paused_;   // admitted as well
  std::vector<int32_t> waiting_;
  StepPages pages_;
  StepRows rows_;
  int32_t active_ = 0;        // running and joining
  int32_t outstanding_ = 0;   // see Outstanding
  bool reuses_held_ = false;  // one that joins reuses pages that others hold
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_SCHEDULER_H_
