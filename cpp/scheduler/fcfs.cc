#include "cpp/scheduler/fcfs.h"

#include "cpp/scheduler/ranking.h"

namespace inlay::scheduler {

void FcfsPolicy::Rank(const Snapshot& snapshot, const Limits& limits,
                      int32_t most, std::vector<int32_t>* order) {
  (void)limits;
  order->clear();
  const int32_t count = static_cast<int32_t>(snapshot.requests.size());
  for (int32_t i = 0; i < count; ++i) {
    if (static_cast<int64_t>(order->size()) >= most) return;
    if (Waits(snapshot.requests[i])) order->push_back(i);
  }
}

}  // namespace inlay::scheduler
