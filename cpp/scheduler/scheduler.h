// Which rows of which requests run in the next step.
#ifndef INLAY_SCHEDULER_SCHEDULER_H_
#define INLAY_SCHEDULER_SCHEDULER_H_

#include <memory>

#include "cpp/base/status.h"
#include "cpp/scheduler/policy.h"

namespace inlay::scheduler {

enum class PolicyKind : uint8_t { kFair, kFcfs, kPriority, kDeadline };
std::unique_ptr<Policy> MakePolicy(PolicyKind kind);

// In-flight batching under a budget of tokens: the decodes of all admitted
// requests first, then chunks of their prompts, then the waiting in the order
// of the policy. Decide is deterministic, and its decision can always be
// carried out: the pages of `work` are available after `preempt`.
//
// Pages grow with a request. When they run out, the paused lose theirs first,
// then those of the lowest class that were admitted last. The first of the
// highest class that is not paused always gets its pages, so that every
// request ends. One thread at a time.
class Scheduler {
 public:
  Scheduler(std::unique_ptr<Policy> policy, const Limits& limits);
  ~Scheduler();
  void Decide(const Snapshot& snapshot, Decision* decision);
  const Limits& limits() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_SCHEDULER_H_
