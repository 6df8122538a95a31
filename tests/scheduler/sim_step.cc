// A decision is carried out.
#include <algorithm>
#include <utility>

#include "tests/scheduler/simulator.h"

namespace inlay::scheduler {

void Simulator::TakeSnapshot() {
  views_.clear();
  const int32_t page_tokens = config_.limits.page_tokens;
  for (const auto& request : live_) {
    RequestView& view = request->view;
    view.pages = request->table.page_count();
    view.own_pages = view.copy_pages = 0;
    if (view.admitted) {
      view.own_pages = cache_.OwnPages(request->table);
      const int32_t last = view.cached_tokens / page_tokens;
      view.copy_pages = last < view.pages &&
                        cache_.references(request->table.pages()[last]) > 1;
    }
    request->joined = false;
    views_.push_back(view);
  }
  passed_over_.assign(live_.size(), 0);
}

bool Simulator::Apply() {
  for (const Preemption& preemption : decision_.preempt) {
    Preempt(*live_[preemption.index], preemption.swap);
  }
  if (swap_used_ > config_.swap_pages) return Fail("swap is over its budget");
  // Prefixes first: what the others grow by might be what these reuse.
  for (const Work& work : decision_.work) {
    if (!views_[work.index].admitted && !Join(*live_[work.index])) return false;
  }
  rows_.clear();
  for (const Work& work : decision_.work) {
    rows_.push_back(0);
    if (!Reserve(*live_[work.index], work, &rows_.back())) return false;
  }
  return true;
}

void Simulator::Preempt(SimRequest& request, bool swap) {
  cache_.Withdraw(request.id);
  request.view.admitted = false;
  if (swap) {
    ++totals_.swapped;
    request.swapped.clear();
    for (const int32_t page : request.table.pages()) {
      for (int32_t i = 0; i < config_.limits.page_tokens; ++i) {
        request.swapped.push_back(Content(page, i));
      }
    }
    request.view.swapped_pages = request.table.page_count();
    swap_used_ += request.view.swapped_pages;
    cost_.ObserveTransfer(request.view.swapped_pages,
                          20.0 * request.view.swapped_pages);
  } else {
    ++totals_.recomputed;
    request.view.cached_tokens = 0;
  }
  cache_.Release(request.table);
}

bool Simulator::Join(SimRequest& request) {
  request.joined = true;
  request.view.admitted = true;
  request.view.admission = ++admissions_;
  if (request.view.swapped_pages > 0 || !config_.reuse ||
      request.view.logits_per_row || request.view.whole_tokens > 0) {
    return true;
  }
  request.view.cached_tokens =
      cache_.Adopt(request.domain, request.First(request.view.known_tokens - 1),
                   request.table, &copies_);
  totals_.reused_tokens += request.view.cached_tokens;
  CopyPages();
  return true;
}

bool Simulator::Reserve(SimRequest& request, const Work& work, int32_t* rows) {
  const int32_t position = request.view.cached_tokens;
  *rows = std::min(work.rows, request.view.pending());
  if (!cache_.Grow(request.table, work.pages)) {
    return Fail("the pages of a decision are not there");
  }
  if (request.view.swapped_pages > 0) {
    for (size_t i = 0; i < request.swapped.size(); ++i) {
      const auto slot = static_cast<int32_t>(i);
      Content(request.table.pages()[slot / config_.limits.page_tokens],
              slot % config_.limits.page_tokens) = request.swapped[i];
    }
  }
  if (!cache_.MakeWritable(request.table, position, &copies_)) {
    return Fail("no page for a copy");
  }
  CopyPages();
  return true;
}

void Simulator::CopyPages() {
  for (const cache::PageCopy& copy : copies_) {
    for (int32_t i = 0; i < config_.limits.page_tokens; ++i) {
      Content(copy.to, i) = Content(copy.from, i);
    }
  }
  copies_.clear();
}

// Reads what is cached and writes what is new.
bool Simulator::Execute() {
  const int32_t page_tokens = config_.limits.page_tokens;
  size_ = {};
  int32_t logits = 0;
  for (size_t w = 0; w < decision_.work.size(); ++w) {
    SimRequest& request = *live_[decision_.work[w].index];
    const int32_t position = request.view.cached_tokens;
    const auto pages = request.table.pages();
    if (position > 0) {
      for (const int32_t at : {position - 1, random_.Below(position)}) {
        if (Content(pages[at / page_tokens], at % page_tokens) !=
            request.prints[at]) {
          return Fail("a page does not hold what was computed");
        }
      }
    }
    for (int32_t at = position; at < position + rows_[w]; ++at) {
      const int32_t page = pages[at / page_tokens];
      if (cache_.references(page) != 1) return Fail("a shared page is written");
      Content(page, at % page_tokens) = request.prints[at];
    }
    const bool encodes = position < request.view.whole_tokens;
    logits += encodes                              ? 0
              : request.view.logits_per_row        ? rows_[w]
              : rows_[w] == request.view.pending() ? 1
                                                   : 0;
    size_.Add(position, rows_[w]);
    tenant_rows_[request.view.tenant] += rows_[w];
  }
  if (logits > config_.limits.max_logits_rows) return Fail("too many logits");
  totals_.rows += size_.rows;
  double ns = 400 + 20.0 * static_cast<double>(size_.rows) +
              0.2 * static_cast<double>(size_.scores);
  ns *= 0.9 + 0.0002 * random_.Below(1000);
  if (random_.Chance(1)) ns *= 20;  // the machine had something else to do
  if (size_.rows > 0) cost_.Observe(size_, ns);
  now_ns_ += static_cast<int64_t>(ns);
  return true;
}

void Simulator::Commit() {
  // Requests that end leave live_: from the last, so that indices hold.
  ended_.clear();
  for (size_t w = 0; w < decision_.work.size(); ++w) {
    const auto index = static_cast<size_t>(decision_.work[w].index);
    SimRequest& request = *live_[index];
    RequestView& view = request.view;
    swap_used_ -= std::exchange(view.swapped_pages, 0);
    const int32_t before = view.cached_tokens / config_.limits.page_tokens;
    view.cached_tokens += rows_[w];
    if (config_.reuse &&
        view.cached_tokens / config_.limits.page_tokens > before) {
      cache_.Publish(request.domain, request.First(view.cached_tokens), false,
                     request.table, request.id);
    }
    if (view.pending() > 0) continue;
    view.logits_per_row = false;
    request.Add(static_cast<int32_t>(request.id ^ request.tokens.size()));
    if (view.known_tokens >= request.total) ended_.push_back(index);
  }
  std::sort(ended_.begin(), ended_.end());
  for (size_t i = ended_.size(); i-- > 0;) {
    ++totals_.finished;
    End(ended_[i]);
  }
}

// The step failed: those that were to join wait again, the others keep what
// they had. What was moved out stays there.
void Simulator::RollBack() {
  for (const Work& work : decision_.work) {
    SimRequest& request = *live_[work.index];
    if (!request.joined) continue;
    request.view.admitted = false;
    if (request.view.swapped_pages == 0) request.view.cached_tokens = 0;
    cache_.Withdraw(request.id);
    cache_.Release(request.table);
  }
}

}  // namespace inlay::scheduler
