// The earliest deadline first.
#ifndef INLAY_SCHEDULER_DEADLINE_H_
#define INLAY_SCHEDULER_DEADLINE_H_

#include <cstdint>
#include <vector>

#include "cpp/scheduler/policy.h"
#include "cpp/scheduler/ranking.h"

namespace inlay::scheduler {

// Among equal deadlines, in order of arrival; those without one come last.
//
// Bound: a request with a deadline goes before all that arrive after that
// deadline; any request goes before all that arrived later once it has waited
// for starvation_ns.
class DeadlinePolicy final : public Policy {
 public:
  void Rank(const Snapshot& snapshot, const Limits& limits, int32_t most,
            std::vector<int32_t>* order) override;

 private:
  std::vector<Candidate> candidates_;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_DEADLINE_H_
