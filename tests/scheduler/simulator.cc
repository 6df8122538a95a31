#include "tests/scheduler/simulator.h"

namespace inlay::scheduler {

Simulator::Simulator(const SimConfig& config)
    : config_(config),
      scheduler_(MakePolicy(config.policy), config.limits),
      cache_(config.page_count, config.limits.page_tokens),
      random_(config.seed) {
  content_.resize(static_cast<size_t>(config.page_count) *
                  config.limits.page_tokens);
  for (size_t i = 0; i < config.weights.size(); ++i) {
    tenants_.push_back({i + 1, config.weights[i]});
  }
  live_of_tenant_.resize(tenants_.size());
  tenant_rows_.resize(tenants_.size());
}

bool Simulator::Step() {
  Arrive();
  Disturb();
  ExpireDeadlines();
  ++totals_.steps;
  TakeSnapshot();
  Snapshot snapshot;
  snapshot.requests = views_;
  snapshot.tenants = tenants_;
  snapshot.free_pages = cache_.free_count();
  snapshot.free_swap_pages = config_.swap_pages - swap_used_;
  snapshot.now_ns = now_ns_;
  snapshot.reuse = config_.reuse ? this : nullptr;
  snapshot.cost = &cost_;
  scheduler_.Decide(snapshot, &decision_);
  if (!CheckDecision() || !CheckOrder() || !CheckProgress()) return false;
  if (!Apply() || !Execute()) return false;
  if (random_.Chance(config_.failures)) {
    ++totals_.failed_steps;
    RollBack();
  } else {
    Commit();
  }
  return CheckPages();
}

bool Simulator::Drain(int64_t most_steps) {
  draining_ = true;
  while (!live_.empty()) {
    if (most_steps-- == 0) return Fail("requests are left");
    if (!Step()) return false;
  }
  const Totals& t = totals_;
  if (t.submitted != t.finished + t.cancelled + t.expired) {
    return Fail("requests that arrived and that ended differ");
  }
  if (swap_used_ != 0) return Fail("swap space was lost");
  if (cache_.used_count() != 0) return Fail("pages were lost");
  cache_.Clear();
  if (cache_.free_count() != config_.page_count ||
      cache_.stats().idle_pages != 0 || !cache_.Validate().ok()) {
    return Fail("idle pages were lost");
  }
  return true;
}

Reuse Simulator::Look(int32_t index) {
  const SimRequest& request = *live_[index];
  if (request.view.logits_per_row || request.view.whole_tokens > 0) return {};
  const cache::PrefixMatch match =
      cache_.Find(request.domain, request.First(request.view.known_tokens - 1));
  passed_over_[index] = match.promised;
  totals_.passed_over += match.promised;
  return {match.tokens, match.pages, match.idle_pages, match.promised};
}

void Simulator::Joined(int32_t index) {
  const SimRequest& request = *live_[index];
  if (request.view.whole_tokens > 0) return;
  cache_.Promise(request.domain, request.tokens, request.id);
}

}  // namespace inlay::scheduler
