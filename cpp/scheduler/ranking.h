// What all policies share: ageing, the bound on starvation, partial orders.
#ifndef INLAY_SCHEDULER_RANKING_H_
#define INLAY_SCHEDULER_RANKING_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cpp/scheduler/policy.h"

namespace inlay::scheduler {

// Waits so long that it goes before all that arrived later. Whatever arrived
// before an overdue request is overdue, too: in order of arrival, the overdue
// come first.
inline bool Overdue(const RequestView& view, int64_t now_ns,
                    const Limits& limits) {
  return view.arrival_ns < now_ns &&
         now_ns - view.arrival_ns > limits.starvation_ns;
}

// The class, raised by one for every `ageing_ns` since the arrival.
inline int64_t AgedClass(const RequestView& view, int64_t now_ns,
                         const Limits& limits) {
  const int64_t waited = std::max<int64_t>(0, now_ns - view.arrival_ns);
  return view.priority + (limits.ageing_ns > 0 ? waited / limits.ageing_ns : 0);
}

inline bool Waits(const RequestView& view) {
  return !view.admitted && !view.paused;
}

// A waiting request with what it is ranked by, so that comparing two of them
// touches nothing else. The least goes first; `index` makes it a total order.
struct Candidate {
  bool overdue = false;
  int64_t first = 0;  // ignored for the overdue, as is `second`
  int64_t second = 0;
  int32_t index = 0;  // order of arrival

  friend bool operator<(const Candidate& a, const Candidate& b) {
    if (a.overdue != b.overdue) return a.overdue;
    if (a.overdue) return a.index < b.index;
    if (a.first != b.first) return a.first < b.first;
    if (a.second != b.second) return a.second < b.second;
    return a.index < b.index;
  }
};

// The first `most` candidates in order.
inline void TakeFirst(int32_t most, std::vector<Candidate>* candidates,
                      std::vector<int32_t>* order) {
  const size_t count =
      std::min(candidates->size(), static_cast<size_t>(std::max(0, most)));
  const auto middle = candidates->begin() + static_cast<ptrdiff_t>(count);
  // Linear in those that stay behind, however many they are.
  if (count < candidates->size()) {
    std::nth_element(candidates->begin(), middle, candidates->end());
  }
  std::sort(candidates->begin(), middle);
  order->clear();
  for (auto it = candidates->begin(); it != middle; ++it) {
    order->push_back(it->index);
  }
}

}  // namespace inlay::scheduler

#endif  // INLAY_SCHEDULER_RANKING_H_
