#include "cpp/scheduler/fcfs.h"

#include <algorithm>

#include "cpp/cache/block_table.h"

namespace inlay::scheduler {

using cache::PagesFor;

int32_t FcfsPolicy::Demand(const RequestView& view) const {
  return PagesFor(view.known_tokens + 1, limits_.page_tokens);
}

bool FcfsPolicy::Active(size_t index) const {
  const RequestView& view = snapshot_.requests[index];
  return view.admitted && !view.paused && !preempted_[index];
}

void FcfsPolicy::Preempt(size_t index) {
  preempted_[index] = true;
  free_ += snapshot_.requests[index].pages;
  decision_->preempt.push_back(static_cast<int32_t>(index));
}

bool FcfsPolicy::ReclaimPaused(int32_t need) {
  for (size_t i = snapshot_.requests.size(); i-- > 0 && free_ < need;) {
    const RequestView& view = snapshot_.requests[i];
    if (view.paused && view.pages > 0 && !preempted_[i]) Preempt(i);
  }
  return free_ >= need;
}

bool FcfsPolicy::Reclaim(size_t index, int32_t need) {
  if (ReclaimPaused(need)) return true;
  for (size_t i = snapshot_.requests.size(); --i > index && free_ < need;) {
    if (snapshot_.requests[i].pages > 0 && Active(i)) Preempt(i);
  }
  return free_ >= need;
}

void FcfsPolicy::Add(size_t index, int32_t rows) {
  const RequestView& view = snapshot_.requests[index];
  const int32_t pages =
      PagesFor(view.cached_tokens + rows, limits_.page_tokens);
  free_ -= std::max(0, pages - view.pages);
  --slots_;
  decision_->work.push_back({static_cast<int32_t>(index), rows, pages});
}

void FcfsPolicy::Continue(size_t index) {
  const RequestView& view = snapshot_.requests[index];
  const bool decodes = view.pending() == 1;
  int32_t rows = decodes ? 1 : std::min(view.pending(), prompt_budget_);
  if (rows <= 0) return;
  const int32_t pages =
      PagesFor(view.cached_tokens + rows, limits_.page_tokens);
  if (!Reclaim(index, pages - view.pages)) {
    // As many rows as the pages at hand can take.
    const int64_t places = (int64_t{view.pages} + free_) * limits_.page_tokens;
    rows = static_cast<int32_t>(
        std::min<int64_t>(rows, places - view.cached_tokens));
    if (rows <= 0) return;
  }
  if (!decodes) prompt_budget_ -= rows;
  Add(index, rows);
}

void FcfsPolicy::RunAdmitted() {
  for (size_t i = 0; i < snapshot_.requests.size() && slots_ > 0; ++i) {
    if (Active(i)) Continue(i);
  }
}

void FcfsPolicy::Admit() {
  int32_t outstanding = 0;  // pages that the admitted ones will still take
  int32_t active = 0;
  for (size_t i = 0; i < snapshot_.requests.size(); ++i) {
    const RequestView& view = snapshot_.requests[i];
    if (!Active(i)) continue;
    ++active;
    outstanding += std::max(0, Demand(view) - view.pages);
  }
  for (const Work& work : decision_->work) {  // these have theirs already
    const RequestView& view = snapshot_.requests[work.index];
    outstanding -= std::min(std::max(0, work.pages - view.pages),
                            std::max(0, Demand(view) - view.pages));
  }
  for (size_t i = 0; i < snapshot_.requests.size(); ++i) {
    const RequestView& view = snapshot_.requests[i];
    if (view.admitted || view.paused) continue;
    if (active >= limits_.max_concurrency || slots_ <= 0 ||
        prompt_budget_ <= 0) {
      return;
    }
    // A page beyond that for each neighbour, so that admission does not cause
    // the next preemption.
    const int32_t demand = Demand(view);
    if (!ReclaimPaused(demand + outstanding + active)) return;
    const int32_t rows = std::min(view.pending(), prompt_budget_);
    prompt_budget_ -= rows;
    Add(i, rows);
    outstanding += demand - decision_->work.back().pages;
    ++active;
  }
}

void FcfsPolicy::Decide(const Snapshot& snapshot, const Limits& limits,
                        Decision* decision) {
  snapshot_ = snapshot;
  limits_ = limits;
  decision_ = decision;
  decision_->Clear();
  preempted_.assign(snapshot.requests.size(), false);
  free_ = snapshot.free_pages;
  slots_ = limits.max_concurrency;
  int32_t decodes = 0;
  for (size_t i = 0; i < snapshot.requests.size(); ++i) {
    if (Active(i) && snapshot.requests[i].pending() == 1) ++decodes;
  }
  prompt_budget_ = limits.max_step_tokens - std::min(decodes, slots_);
  RunAdmitted();
  // A step that had to take pages from the young ones admits nobody.
  for (int32_t index : decision_->preempt) {
    if (!snapshot.requests[index].paused) return;
  }
  Admit();
}

}  // namespace inlay::scheduler
