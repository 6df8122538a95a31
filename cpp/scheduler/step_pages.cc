#include "cpp/scheduler/step_pages.h"

#include <algorithm>

namespace inlay::scheduler {
namespace {

// Moving the pages of `view` out and in costs less than computing them again.
// While either is unknown, moving is tried: that is how it becomes known.
bool SwapIsCheaper(const RequestView& view, const CostModel* cost) {
  if (cost == nullptr) return true;
  const double swap = cost->Swap(view.pages);
  const double recompute = cost->Recompute(view.cached_tokens);
  return swap < 0 || recompute < 0 || swap < recompute;
}

}  // namespace

void StepPages::Start(const Snapshot& snapshot,
                      std::span<const int32_t> running,
                      std::span<const int32_t> paused, Decision* decision) {
  snapshot_ = &snapshot;
  decision_ = decision;
  running_ = running;
  paused_ = paused;
  preempted_.assign(snapshot.requests.size(), 0);
  free_ = snapshot.free_pages;
  free_swap_ = snapshot.free_swap_pages;
  took_from_running_ = false;
}

int32_t StepPages::Obtain(int32_t need, size_t place, bool must) {
  const auto behind = running_.subspan(place + 1);
  if (free_ < need) {
    const int64_t reachable = free_ + Reachable(paused_) + Reachable(behind);
    const int64_t target = std::min<int64_t>(need, reachable);
    Take(paused_, target, false);
    const size_t before = decision_->preempt.size();
    Take(behind, target, false);
    if (must && free_ < need) {
      Take(paused_, need, true);
      Take(behind, need, true);
    }
    took_from_running_ |= decision_->preempt.size() > before;
  }
  return static_cast<int32_t>(std::clamp<int64_t>(free_, 0, std::max(0, need)));
}

bool StepPages::ObtainFromPaused(int32_t need, bool must) {
  if (free_ < need && (must || free_ + Reachable(paused_) >= need)) {
    Take(paused_, need, false);
    if (must) Take(paused_, need, true);
  }
  return free_ >= need;
}

int64_t StepPages::Reachable(std::span<const int32_t> from) const {
  int64_t pages = 0;
  for (const int32_t index : from) {
    if (!preempted(index)) pages += snapshot_->requests[index].own_pages;
  }
  return pages;
}

void StepPages::Take(std::span<const int32_t> from, int64_t need,
                     bool shared_too) {
  for (size_t i = from.size(); i-- > 0 && free_ < need;) {
    const RequestView& view = snapshot_->requests[from[i]];
    if (preempted(from[i]) || view.pages == 0) continue;
    if (view.own_pages > 0 || shared_too) Preempt(from[i]);
  }
}

void StepPages::Preempt(int32_t index) {
  const RequestView& view = snapshot_->requests[index];
  const bool swap = view.pages <= free_swap_ && view.cached_tokens > 0 &&
                    SwapIsCheaper(view, snapshot_->cost);
  decision_->preempt.push_back({index, swap});
  preempted_[index] = 1;
  free_ += view.own_pages;
  if (swap) free_swap_ -= view.pages;
}

}  // namespace inlay::scheduler
