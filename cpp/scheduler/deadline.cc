#include "cpp/scheduler/deadline.h"

namespace inlay::scheduler {

void DeadlinePolicy::Rank(const Snapshot& snapshot, const Limits& limits,
                          int32_t most, std::vector<int32_t>* order) {
  candidates_.clear();
  const int32_t count = static_cast<int32_t>(snapshot.requests.size());
  for (int32_t i = 0; i < count; ++i) {
    const RequestView& view = snapshot.requests[i];
    if (!Waits(view)) continue;
    candidates_.push_back(
        {Overdue(view, snapshot.now_ns, limits), view.deadline_ns, 0, i});
  }
  TakeFirst(most, &candidates_, order);
}

}  // namespace inlay::scheduler
