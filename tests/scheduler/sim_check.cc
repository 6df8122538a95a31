// What must hold in every step.
#include <algorithm>

#include "cpp/scheduler/ranking.h"
#include "tests/scheduler/simulator.h"

namespace inlay::scheduler {
namespace {

enum Mark : uint8_t { kNone, kPreempted, kWorks };

}  // namespace

bool Simulator::Fail(const std::string& what) {
  if (fault_.empty()) {
    fault_ = what + " (seed " + std::to_string(config_.seed) + ", step " +
             std::to_string(totals_.steps) + ")";
  }
  return false;
}

bool Simulator::CheckDecision() {
  marks_.assign(views_.size(), kNone);
  for (const Preemption& preemption : decision_.preempt) {
    const RequestView& view = views_[preemption.index];
    if (!view.admitted || view.pages == 0) return Fail("nothing to preempt");
    if (marks_[preemption.index] != kNone) return Fail("preempted twice");
    marks_[preemption.index] = kPreempted;
  }
  int32_t rows = 0, encoder_rows = 0;
  for (const Work& work : decision_.work) {
    if (!CheckWork(work)) return false;
    const RequestView& view = views_[work.index];
    if (view.cached_tokens >= view.whole_tokens) {
      rows += work.rows;
      continue;
    }
    if (work.rows != view.whole_tokens - view.cached_tokens) {
      return Fail("an encoder's input was cut");
    }
    ++totals_.wholes;
    encoder_rows += view.whole_rows;
  }
  if (rows > config_.limits.max_step_tokens ||
      encoder_rows > config_.limits.max_step_tokens) {
    return Fail("too many rows");
  }
  if (static_cast<int32_t>(decision_.work.size()) >
      config_.limits.max_concurrency) {
    return Fail("too many requests");
  }
  return true;
}

bool Simulator::CheckWork(const Work& work) {
  const RequestView& view = views_[work.index];
  if (marks_[work.index] != kNone) return Fail("in a step twice");
  marks_[work.index] = kWorks;
  if (view.paused) return Fail("a paused one runs");
  if (work.rows < 1 || work.rows > view.known_tokens) return Fail("rows");
  if (view.admitted && work.rows > view.pending()) return Fail("rows");
  if (!view.admitted && config_.limits.batching == Batching::kStatic &&
      std::any_of(views_.begin(), views_.end(),
                  [](const RequestView& v) { return v.admitted; })) {
    return Fail("one joins a static batch");
  }
  return true;
}

// In which order the policy has to admit them; where it chooses by itself,
// neither goes before the other.
bool Simulator::GoesBefore(int32_t a, int32_t b) const {
  const RequestView& x = views_[a];
  const RequestView& y = views_[b];
  const Limits& limits = config_.limits;
  if (Overdue(x, now_ns_, limits) || Overdue(y, now_ns_, limits)) return a < b;
  switch (config_.policy) {
    case PolicyKind::kFcfs:
      return a < b;
    case PolicyKind::kDeadline:
      return x.deadline_ns != y.deadline_ns ? x.deadline_ns < y.deadline_ns
                                            : a < b;
    case PolicyKind::kPriority:
    case PolicyKind::kFair:
      break;
  }
  const int64_t first = AgedClass(x, now_ns_, limits);
  const int64_t second = AgedClass(y, now_ns_, limits);
  if (config_.policy == PolicyKind::kFair) {
    // Ageing is a matter between classes.
    return x.priority > y.priority && first >= second;
  }
  return first != second ? first > second : a < b;
}

// Nobody joins while one waits that goes before it: this is the bound on
// starvation that the policies state.
bool Simulator::CheckOrder() {
  for (const Work& work : decision_.work) {
    if (views_[work.index].admitted) continue;
    for (int32_t i = 0; i < static_cast<int32_t>(views_.size()); ++i) {
      if (!Waits(views_[i]) || marks_[i] == kWorks || passed_over_[i]) continue;
      if (GoesBefore(i, work.index)) return Fail("one was overtaken");
    }
  }
  return true;
}

// If anything can be done, something is; a step that only preempts is followed
// by one that computes.
bool Simulator::CheckProgress() {
  bool any = false, paused = false;
  for (const RequestView& view : views_) {
    any = any || !view.paused;
    paused = paused || (view.paused && view.admitted);
  }
  // The others of a static batch wait for a slow consumer.
  if (paused && config_.limits.batching == Batching::kStatic) any = false;
  idle_steps_ = any && decision_.work.empty() ? idle_steps_ + 1 : 0;
  if (idle_steps_ > 0 && decision_.preempt.empty()) return Fail("nothing runs");
  if (idle_steps_ > 2) return Fail("nothing but preemption");
  return true;
}

bool Simulator::CheckPages() {
  if (!fault_.empty()) return false;
  if (swap_used_ < 0 || swap_used_ > config_.swap_pages) {
    return Fail("swap is over its budget");
  }
  int32_t swapped = 0;
  for (const auto& request : live_) {
    const RequestView& view = request->view;
    swapped += view.swapped_pages;
    if (!view.admitted && request->table.page_count() > 0) {
      return Fail("a waiting one holds pages");
    }
    if (view.admitted &&
        request->table.page_count() * config_.limits.page_tokens <
            view.cached_tokens) {
      return Fail("cached tokens without pages");
    }
  }
  if (swapped != swap_used_) return Fail("swap space was lost");
  return totals_.steps % 64 != 0 || CountHolders();
}

bool Simulator::CountHolders() {
  holders_.assign(static_cast<size_t>(config_.page_count), 0);
  int32_t used = 0;
  for (const auto& request : live_) {
    for (const int32_t page : request->table.pages()) {
      used += holders_[page]++ == 0;
    }
  }
  for (int32_t page = 0; page < config_.page_count; ++page) {
    if (holders_[page] != cache_.references(page)) {
      return Fail("a page is held by others than those who count");
    }
  }
  if (used != cache_.used_count()) return Fail("pages were lost");
  return cache_.Validate().ok() || Fail("the page cache is not sound");
}

}  // namespace inlay::scheduler
