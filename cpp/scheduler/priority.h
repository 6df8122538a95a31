// The highest class first.
#ifndef INLAY_SCHEDULER_PRIORITY_H_
#define INLAY_SCHEDULER_PRIORITY_H_

#include <cstdint>
#include <vector>

#include "cpp/scheduler/policy.h"
#include "cpp/scheduler/ranking.h"

namespace inlay::scheduler {

// Within a class, in order of arrival.
//
// Bound: with ageing, a request of class p goes before one of class q that
// arrives (q - p + 1) * ageing_ns after it or later; in any case before all
// that arrived later once it has waited for starvation_ns.
class PriorityPolicy final : public Policy {
 public:
  void Rank(const Snapshot& snapshot, const Limits& limits, int32_t most,
            std::vector<int32_t>* order) override;

 private:
  std::vector<Candidate> candidates_;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_PRIORITY_H_
