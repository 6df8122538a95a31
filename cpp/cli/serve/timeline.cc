#include "cpp/cli/serve/timeline.h"

#include <map>

namespace inlay::cli {

std::vector<Moment> MakeTimeline(const std::vector<RequestRecord>& records,
                                 size_t most) {
  struct Change {
    int32_t running = 0;
    int32_t queued = 0;
  };
  std::map<int64_t, Change> changes;
  for (const RequestRecord& record : records) {
    if (record.submitted_ns < 0 || record.end_ns < 0) continue;
    ++changes[record.submitted_ns].queued;
    if (record.seen_ns < 0) {  // it ended in the queue
      --changes[record.end_ns].queued;
      continue;
    }
    --changes[record.seen_ns].queued;
    ++changes[record.seen_ns].running;
    --changes[record.end_ns].running;
  }
  std::vector<Moment> all;
  Moment now;
  for (const auto& [ns, change] : changes) {
    now.seconds = static_cast<double>(ns) / 1e9;
    now.running += change.running;
    now.queued += change.queued;
    all.push_back(now);
  }
  if (all.size() <= most || most < 2) return all;
  std::vector<Moment> some;
  for (size_t i = 0; i < most; ++i) {
    some.push_back(all[i * (all.size() - 1) / (most - 1)]);
  }
  return some;
}

}  // namespace inlay::cli
