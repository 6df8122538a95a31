// First come, first served.
#ifndef INLAY_SCHEDULER_FCFS_H_
#define INLAY_SCHEDULER_FCFS_H_

#include <cstdint>
#include <vector>

#include "cpp/scheduler/policy.h"

namespace inlay::scheduler {

// Bound: a request is admitted before all that arrived after it. Classes,
// tenants and deadlines count for nothing here.
class FcfsPolicy final : public Policy {
 public:
  void Rank(const Snapshot& snapshot, const Limits& limits, int32_t most,
            std::vector<int32_t>* order) override;
};

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_FCFS_H_
