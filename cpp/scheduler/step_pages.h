// The pages of one step while it is decided.
#ifndef INLAY_SCHEDULER_STEP_PAGES_H_
#define INLAY_SCHEDULER_STEP_PAGES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpp/scheduler/policy.h"

namespace inlay::scheduler {

// Counts what is available and chooses who gives up pages: the paused first,
// then the running, in both the last of the order first.
class StepPages {
 public:
  // `running` and `paused`: the admitted, in order. All that is given here
  // must stay till the decision is made.
  void Start(const Snapshot& snapshot, std::span<const int32_t> running,
             std::span<const int32_t> paused, Decision* decision);
  bool preempted(int32_t index) const { return preempted_[index] != 0; }
  bool took_from_running() const { return took_from_running_; }
  // From anybody.
  bool took() const { return !decision_->preempt.empty(); }

  bool Has(int32_t pages) const { return free_ >= pages; }

  // Makes up to `need` pages available for running[place], from the paused and
  // from those behind it; returns how many of them are. Takes from none if
  // that helps nothing, except where it `must`: then all give up theirs, and
  // what they shared is free in the next step.
  int32_t Obtain(int32_t need, size_t place, bool must);
  // The same from the paused alone, and nothing unless `need` is reached.
  bool ObtainFromPaused(int32_t need, bool must);
  // `pages` may be negative.
  void Use(int32_t pages) { free_ -= pages; }

 private:
  int64_t Reachable(std::span<const int32_t> from) const;
  // From the last to the first, until `need` are free.
  void Take(std::span<const int32_t> from, int64_t need, bool shared_too);
  void Preempt(int32_t index);

  const Snapshot* snapshot_ = nullptr;
  Decision* decision_ = nullptr;
  std::span<const int32_t> running_;
  std::span<const int32_t> paused_;
  std::vector<uint8_t> preempted_;  // by index of the request
  int64_t free_ = 0;
  int32_t free_swap_ = 0;
  bool took_from_running_ = false;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_STEP_PAGES_H_
