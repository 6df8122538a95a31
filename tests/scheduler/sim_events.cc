// Arrivals, cancels, pauses, forks and deadlines.
#include <algorithm>
#include <utility>

#include "tests/scheduler/simulator.h"

namespace inlay::scheduler {

void Simulator::Arrive() {
  if (draining_) return;
  if (config_.keep_full) {
    const int32_t each =
        config_.max_queue / static_cast<int32_t>(tenants_.size());
    for (int32_t tenant = 0; tenant < static_cast<int32_t>(tenants_.size());
         ++tenant) {
      while (live_of_tenant_[tenant] < each) Submit(tenant);
    }
    return;
  }
  while (static_cast<int32_t>(live_.size()) < config_.max_queue &&
         random_.Chance(config_.arrivals)) {
    Submit(random_.Below(static_cast<int32_t>(tenants_.size())));
  }
}

void Simulator::Submit(int32_t tenant) {
  std::unique_ptr<SimRequest> request;
  if (spare_.empty()) {
    request = std::make_unique<SimRequest>();
  } else {
    request = std::move(spare_.back());
    spare_.pop_back();
  }
  SimRequest& r = *request;
  r.id = next_id_++;
  r.view = {};
  r.tokens.clear();
  r.prints.clear();
  r.was_paused = r.joined = r.ended = false;
  r.domain = tenant % 2 == 0 ? "a" : "b";
  // A prompt begins with one of a few shared parts and goes on by itself.
  const int32_t prompt = 1 + random_.Below(random_.Below(config_.context) + 1);
  const int32_t family = random_.Below(3);
  const int32_t shared = random_.Below(4) * config_.context / 8;
  for (int32_t i = 0; i < prompt; ++i) {
    r.Add(i < shared ? family : static_cast<int32_t>(random_.Next() >> 16));
  }
  const int32_t most = config_.context - prompt;
  r.total = prompt + 1 + random_.Below(std::max(1, most));
  if (most > 1 && random_.Chance(config_.short_outputs)) {
    r.total = prompt + 1 + random_.Below(random_.Below(most) + 1);
  }
  r.view.tenant = tenant;
  r.view.priority =
      config_.class_of_tenant ? tenant : random_.Below(config_.classes);
  r.view.arrival_ns = now_ns_;
  r.view.logits_per_row = random_.Chance(config_.per_row);
  if (random_.Chance(config_.wholes)) {
    // Whole pages, the last of them not full, and something behind them.
    const int32_t page = config_.limits.page_tokens;
    const int32_t most_pages = (prompt - 1) / page;
    r.view.whole_tokens = random_.Below(most_pages + 1) * page;
    r.view.whole_rows = std::max(0, r.view.whole_tokens - random_.Below(page));
    if (r.view.whole_rows > config_.limits.max_step_tokens) {
      r.view.whole_tokens = r.view.whole_rows = 0;
    }
  }
  if (random_.Chance(config_.deadlines)) {
    r.view.deadline_ns = now_ns_ + 100 * (1 + random_.Below(2000));
  }
  ++live_of_tenant_[tenant];
  ++totals_.submitted;
  live_.push_back(std::move(request));
}

void Simulator::Disturb() {
  if (live_.empty()) return;
  const auto any = [this] {
    return static_cast<size_t>(
        random_.Below(static_cast<int32_t>(live_.size())));
  };
  if (random_.Chance(config_.pauses)) {
    SimRequest& request = *live_[any()];
    request.view.paused = true;
    request.was_paused = true;
    // It may take long: nobody should wait for what it promised.
    cache_.Withdraw(request.id);
  }
  // Consumers come back, all of them in the end.
  if (config_.pauses > 0 && random_.Chance(draining_ ? 500 : 60)) {
    live_[any()]->view.paused = false;
  }
  if (random_.Chance(config_.forks)) Fork(any());
  if (random_.Chance(config_.cancels)) {
    ++totals_.cancelled;
    End(any());
  }
}

void Simulator::Fork(size_t parent) {
  SimRequest& from = *live_[parent];
  const auto admitted = std::ranges::count_if(
      live_, [](const auto& request) { return request->view.admitted; });
  if (draining_ || !from.view.admitted || from.view.pending() != 1 ||
      admitted >= config_.limits.max_concurrency ||
      static_cast<int32_t>(live_.size()) >= config_.max_queue) {
    return;
  }
  if (config_.reuse) {
    cache_.Publish(from.domain, from.First(from.view.cached_tokens), false,
                   from.table, from.id);
  }
  cache_.Shrink(from.table, cache::PagesFor(from.view.cached_tokens,
                                            config_.limits.page_tokens));
  auto child = std::make_unique<SimRequest>();
  child->id = next_id_++;
  child->view = from.view;
  child->tokens = from.tokens;
  child->prints = from.prints;
  child->domain = from.domain;
  child->total = from.total;
  child->view.arrival_ns = now_ns_;
  child->view.admission = ++admissions_;
  child->view.paused = false;
  cache_.Fork(from.table, child->table);
  ++live_of_tenant_[child->view.tenant];
  ++totals_.submitted;
  ++totals_.forks;
  idle_steps_ = 0;  // it shares pages that were to be free in this step
  live_.push_back(std::move(child));
}

// The only place where a request ends.
void Simulator::End(size_t index) {
  SimRequest& request = *live_[index];
  if (request.ended) Fail("a request ended twice");
  request.ended = true;
  cache_.Withdraw(request.id);
  if (config_.reuse && request.view.admitted) {
    cache_.Publish(request.domain, request.First(request.view.cached_tokens),
                   true, request.table, request.id);
    cache_.Withdraw(request.id);
  }
  cache_.Release(request.table);
  swap_used_ -= request.view.swapped_pages;
  --live_of_tenant_[request.view.tenant];
  if (!request.was_paused) {
    totals_.longest_wait_ns =
        std::max(totals_.longest_wait_ns, now_ns_ - request.view.arrival_ns);
  }
  spare_.push_back(std::move(live_[index]));
  live_.erase(live_.begin() + static_cast<ptrdiff_t>(index));
}

void Simulator::ExpireDeadlines() {
  for (size_t i = live_.size(); i-- > 0;) {
    if (live_[i]->view.deadline_ns > now_ns_) continue;
    ++totals_.expired;
    End(i);
  }
}

}  // namespace inlay::scheduler
