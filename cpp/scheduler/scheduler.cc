#include "cpp/scheduler/scheduler.h"

#include <algorithm>
#include <utility>

#include "cpp/cache/page_cache.h"
#include "cpp/scheduler/ranking.h"

namespace inlay::scheduler {

using cache::PagesFor;

namespace {

// Whether `a` stands before `b`; see Scheduler.
bool StandsBefore(const Snapshot& snapshot, const Limits& limits, int32_t a,
                  int32_t b) {
  const RequestView& x = snapshot.requests[a];
  const RequestView& y = snapshot.requests[b];
  const bool overdue = Overdue(x, snapshot.now_ns, limits);
  if (overdue != Overdue(y, snapshot.now_ns, limits)) return overdue;
  if (overdue) return a < b;
  const auto aged = [&limits](const RequestView& view) {
    return view.priority -
           (limits.ageing_ns > 0 ? view.arrival_ns / limits.ageing_ns : 0);
  };
  if (aged(x) != aged(y)) return aged(x) > aged(y);
  return x.admission != y.admission ? x.admission < y.admission : a < b;
}

}  // namespace

Scheduler::Scheduler(std::unique_ptr<Policy> policy, const Limits& limits)
    : policy_(std::move(policy)), limits_(limits) {}

void Scheduler::Decide(const Snapshot& snapshot, Decision* decision) {
  decision->Clear();
  snapshot_ = snapshot;
  decision_ = decision;
  SortAdmitted();
  pages_.Start(snapshot_, running_, paused_, decision);
  StartRows();
  RunAdmitted();
  // A step that had to take pages from running ones admits nobody.
  if (!pages_.took_from_running()) Admit();
  decision->held_rows = rows_.held();
  for (const Work& work : decision->work) {
    policy_->Charge(snapshot_, snapshot_.requests[work.index].tenant,
                    work.rows);
  }
}

void Scheduler::SortAdmitted() {
  running_.clear();
  paused_.clear();
  const int32_t count = static_cast<int32_t>(snapshot_.requests.size());
  for (int32_t i = 0; i < count; ++i) {
    const RequestView& view = snapshot_.requests[i];
    if (view.admitted) (view.paused ? paused_ : running_).push_back(i);
  }
  const auto before = [this](int32_t a, int32_t b) {
    return StandsBefore(snapshot_, limits_, a, b);
  };
  std::sort(running_.begin(), running_.end(), before);
  std::sort(paused_.begin(), paused_.end(), before);
}

void Scheduler::StartRows() {
  StepSize decodes;
  int32_t slots = limits_.max_concurrency;
  for (const int32_t index : running_) {
    const RequestView& view = snapshot_.requests[index];
    if (view.pending() <= 0) continue;
    if (slots-- == 0) break;
    if (view.pending() > 1) continue;
    decodes.Add(view.known_tokens - 1, 1);
  }
  rows_.Start(limits_, snapshot_.cost, decodes);
}

void Scheduler::RunAdmitted() {
  int32_t slots = limits_.max_concurrency;
  bool first = true;
  for (size_t place = 0; place < running_.size(); ++place) {
    if (snapshot_.requests[running_[place]].pending() <= 0) continue;
    if (slots-- == 0) break;
    if (!pages_.preempted(running_[place])) Continue(place, first);
    first = false;
  }
}

int32_t Scheduler::Offer(const RequestView& view, int32_t position,
                         int32_t most) {
  if (position < view.whole_tokens) {
    return rows_.HasWhole(view) ? view.whole_tokens - position : 0;
  }
  return rows_.Offer(view, position, view.known_tokens - position, most);
}

void Scheduler::TakeRows(const RequestView& view, int32_t position,
                         int32_t rows) {
  if (position < view.whole_tokens) return rows_.TakeWhole(view);
  rows_.Take(view, position, view.known_tokens - position, rows);
}

void Scheduler::Continue(size_t place, bool must) {
  const int32_t index = running_[place];
  const RequestView& view = snapshot_.requests[index];
  const int32_t pending = view.pending();
  int32_t rows = 1;
  if (pending > 1) rows = Offer(view, view.cached_tokens, pending);
  if (rows <= 0) return;
  const int32_t wanted =
      PagesFor(view.cached_tokens + rows, limits_.page_tokens);
  const int32_t need = std::max(0, wanted - view.pages) + view.copy_pages;
  const int32_t got = pages_.Obtain(need, place, must);
  if (got < need) {
    // As many rows as the pages at hand can take.
    if (got < view.copy_pages || view.cached_tokens < view.whole_tokens) return;
    const int64_t places =
        (int64_t{view.pages} + got - view.copy_pages) * limits_.page_tokens;
    rows = static_cast<int32_t>(
        std::min<int64_t>(rows, places - view.cached_tokens));
    if (rows <= 0) return;
  }
  const int32_t pages = std::max(
      view.pages, PagesFor(view.cached_tokens + rows, limits_.page_tokens));
  pages_.Use(pages - view.pages + view.copy_pages);
  // Decodes have theirs from StartRows.
  if (pending > 1) TakeRows(view, view.cached_tokens, rows);
  decision_->work.push_back({index, rows, pages});
}

int32_t Scheduler::Outstanding() const {
  const auto demand = [this](const RequestView& view, int32_t held) {
    return std::max(
        0, PagesFor(view.known_tokens + 1, limits_.page_tokens) - held);
  };
  int32_t outstanding = 0;
  for (const int32_t index : running_) {
    const RequestView& view = snapshot_.requests[index];
    if (!pages_.preempted(index)) outstanding += demand(view, view.pages);
  }
  for (const Work& work : decision_->work) {  // these have theirs already
    const RequestView& view = snapshot_.requests[work.index];
    outstanding += demand(view, work.pages) - demand(view, view.pages);
  }
  return outstanding;
}

void Scheduler::Admit() {
  const bool fixed = limits_.batching == Batching::kStatic;
  if (fixed && !(running_.empty() && paused_.empty())) return;
  active_ = static_cast<int32_t>(running_.size());
  int32_t open = limits_.max_concurrency - active_;
  if (open <= 0 || rows_.left() <= 0) return;
  outstanding_ = Outstanding();
  reuses_held_ = false;
  // Beyond those for which there is a place, for when some are passed over.
  constexpr int32_t kMostPassedOver = 32;
  policy_->Rank(snapshot_, limits_, open + kMostPassedOver, &waiting_);
  int32_t behind = static_cast<int32_t>(waiting_.size());
  for (const int32_t index : waiting_) {
    --behind;
    int32_t most = rows_.left();
    // A static batch starts with as many as there are: a row for each of them.
    if (fixed) most -= std::min(open - 1, behind);
    const Joined joined = Join(index, most);
    if (joined == Joined::kBlocked) return;
    if (joined == Joined::kYes && --open == 0) return;
  }
}

Scheduler::Joined Scheduler::Join(int32_t index, int32_t most) {
  const RequestView& view = snapshot_.requests[index];
  int32_t position = view.cached_tokens;
  Reuse reuse;
  if (view.swapped_pages == 0) {
    if (snapshot_.reuse != nullptr) reuse = snapshot_.reuse->Look(index);
    if (reuse.waits) return Joined::kPassedOver;
    position = std::clamp(reuse.tokens, 0, view.known_tokens - 1);
  }
  const int32_t pending = view.known_tokens - position;
  if (pending <= 0) return Joined::kPassedOver;
  const int32_t rows = Offer(view, position, most);
  if (rows <= 0) return Joined::kBlocked;

  const bool alone = active_ == 0;
  const int32_t pages = std::max(
      view.swapped_pages, PagesFor(position + rows, limits_.page_tokens));
  const int32_t known = view.known_tokens + (alone ? 0 : 1);
  const int32_t demand = std::max(pages, PagesFor(known, limits_.page_tokens));
  // A page for each neighbour: see the class.
  const int32_t reserve = alone ? 0 : outstanding_ + active_;
  // Pages that are there and need not be given out. Those held only by one
  // that is preempted here are idle then: once there is one, count none.
  int32_t there = reuse.pages - reuse.idle_pages;
  if (pages_.took() || !pages_.Has(demand - there + reserve)) {
    // Nor may the paused give up what one that joins counts on.
    if (reuses_held_) return Joined::kBlocked;
    there = 0;
    if (!pages_.ObtainFromPaused(demand + reserve, alone)) {
      return Joined::kBlocked;
    }
  }
  reuses_held_ |= reuse.pages > reuse.idle_pages;
  pages_.Use(pages - there);
  outstanding_ += demand - pages;
  ++active_;
  TakeRows(view, position, rows);
  decision_->work.push_back({index, rows, pages});
  if (snapshot_.reuse != nullptr && view.swapped_pages == 0) {
    snapshot_.reuse->Joined(index);
  }
  return Joined::kYes;
}

}  // namespace inlay::scheduler
