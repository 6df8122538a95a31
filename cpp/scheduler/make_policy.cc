#include <memory>

#include "cpp/scheduler/deadline.h"
#include "cpp/scheduler/fair.h"
#include "cpp/scheduler/fcfs.h"
#include "cpp/scheduler/priority.h"
#include "cpp/scheduler/scheduler.h"

namespace inlay::scheduler {

std::unique_ptr<Policy> MakePolicy(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::kFcfs:
      return std::make_unique<FcfsPolicy>();
    case PolicyKind::kPriority:
      return std::make_unique<PriorityPolicy>();
    case PolicyKind::kDeadline:
      return std::make_unique<DeadlinePolicy>();
    case PolicyKind::kFair:
      break;
  }
  return std::make_unique<FairPolicy>();
}

}  // namespace inlay::scheduler
