// What an engine says of itself.
#include <utility>

#include "cpp/engine/engine_impl.h"
#include "cpp/engine/metrics_text.h"

namespace inlay::engine {
namespace {

constexpr int32_t kMaxTraceSteps = 1 << 20;

}  // namespace

EngineStats EngineImpl::stats() const {
  MutexLock lock(mutex_);
  EngineStats stats = book_.counters();
  stats.queued = book_.queued();
  stats.running = static_cast<int32_t>(book_.requests().size()) - stats.queued;
  stats.queued_tokens = book_.queued_tokens();
  for (const auto& [id, request] : book_.requests()) {
    stats.paused += request->paused_ns != kNever ? 1 : 0;
  }
  const cache::CacheStats cache = book_.pages().stats();
  stats.pages_total = book_.pages().page_count();
  stats.pages_used = book_.pages().used_count();
  stats.pages_idle = cache.idle_pages;
  stats.pages_evicted = cache.evicted_pages;
  stats.pages_copied = cache.copied_pages;
  stats.lookup_tokens = cache.lookup_tokens;
  stats.cached_tokens = cache.hit_tokens;
  stats.swap_pages_total = book_.swap().slot_count();
  stats.swap_pages_used = stats.swap_pages_total - book_.swap().free_count();
  stats.events_pending = events_->pending();
  stats.memory_used_bytes = model_->context()->memory()->used_bytes();
  stats.memory_peak_bytes = model_->context()->memory()->peak_bytes();
  return stats;
}

std::string EngineImpl::MetricsText() const {
  const EngineStats counters = stats();
  EngineHistograms histograms;
  {
    MutexLock lock(mutex_);
    histograms = book_.histograms();
  }
  return FormatMetrics(counters, histograms);
}

Status EngineImpl::StartTrace(int32_t max_steps) {
  if (max_steps < 1 || max_steps > kMaxTraceSteps) {
    return absl::InvalidArgumentError("max_steps must be in [1, 2^20]");
  }
  MutexLock one(step_mutex_);
  MutexLock lock(mutex_);
  stepper_.trace().Start(max_steps);
  return OkStatus();
}

StatusOr<std::string> EngineImpl::StopTrace() {
  std::vector<StepRecord> steps;
  {
    MutexLock one(step_mutex_);
    MutexLock lock(mutex_);
    if (!stepper_.trace().Stop(&steps)) {
      return absl::FailedPreconditionError("no trace was started");
    }
  }
  return FormatTrace(steps);
}

Status EngineImpl::SetTenantWeight(const std::string& tenant, double weight) {
  INLAY_RETURN_IF_ERROR(CheckName(tenant, "tenant"));
  MutexLock lock(mutex_);
  return book_.tenants().SetWeight(tenant, weight);
}

}  // namespace inlay::engine
