// What an engine tells of itself: stats, configuration, metrics, a trace; and
// the shares of its tenants.
#include <inlay/inlay.h>

#include <algorithm>
#include <string>

#include "capi/src/arguments.h"
#include "capi/src/engine.h"
#include "capi/src/guard.h"
#include "capi/src/stream.h"

namespace inlay::capi {
namespace {

constexpr size_t kPiece = size_t{1} << 16;  // bytes given to a writer at once
constexpr int32_t kMaxTraceSteps = 1'000'000;

void AddSince02(const engine::EngineStats& core, inlay_engine_stats* stats) {
  stats->lookup_tokens = core.lookup_tokens;
  stats->cached_tokens = core.cached_tokens;
  stats->pages_evicted = core.pages_evicted;
  stats->pages_copied = core.pages_copied;
  stats->preempted_recompute = core.preempted_recompute;
  stats->preempted_swap = core.preempted_swap;
  stats->queued_tokens = core.queued_tokens;
  stats->pages_idle = core.pages_idle;
  stats->swap_pages_total = core.swap_pages_total;
  stats->swap_pages_used = core.swap_pages_used;
  stats->paused = core.paused;
  stats->sessions = core.sessions;
}

Outcome GetStats(inlay_engine* engine, inlay_engine_stats* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  const engine::EngineStats core = engine->core->stats();
  inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
  stats.running = core.running;
  stats.queued = core.queued;
  stats.pages_total = core.pages_total;
  stats.pages_used = core.pages_used;
  stats.steps = core.steps;
  stats.submitted = core.submitted;
  stats.finished = core.finished;
  stats.failed = core.failed;
  stats.cancelled = core.cancelled;
  stats.prompt_tokens = core.prompt_tokens;
  stats.generated_tokens = core.generated_tokens;
  stats.events_pending = core.events_pending;
  stats.memory_used_bytes = core.memory_used_bytes;
  stats.memory_peak_bytes = core.memory_peak_bytes;
  AddSince02(core, &stats);
  WriteOut(stats, out);
  return {};
}

Outcome GetConfig(inlay_engine* engine, inlay_engine_config* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  const engine::EngineConfig& core = engine->core->config();
  inlay_engine_config config = INLAY_ENGINE_CONFIG_INIT;
  config.context_length = core.context_length;
  config.max_concurrency = core.max_concurrency;
  config.max_step_tokens = core.max_step_tokens;
  config.max_queue = core.max_queue;
  config.page_tokens = core.page_tokens;
  config.page_count = core.page_count;
  config.kv_type = static_cast<int32_t>(core.kv_type);
  config.kv_cache_bytes = core.kv_cache_bytes;
  config.explanation = core.explanation.c_str();
  config.explanation_size = core.explanation.size();
  config.swap_pages = core.swap_pages;
  config.swap_bytes = core.swap_bytes;
  WriteOut(config, out);
  return {};
}

Outcome SetTenant(inlay_engine* engine, const char* tenant, size_t size,
                  double weight) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  std::string name;
  INLAY_RETURN_IF_BAD(ReadName(tenant, size, "tenant", &name));
  return engine->core->SetTenantWeight(name, weight);
}

Outcome GetMetrics(inlay_engine* engine, char* buffer, size_t capacity,
                   size_t* out_size) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  INLAY_RETURN_IF_BAD(CheckBuffer(buffer, capacity, out_size));
  return PutText(engine->core->MetricsText(), buffer, capacity, out_size);
}

Outcome StartTrace(inlay_engine* engine, int32_t max_steps) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  if (max_steps < 1 || max_steps > kMaxTraceSteps) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, "max_steps",
                        "is not in 1 to 1000000");
  }
  return engine->core->StartTrace(max_steps);
}

Outcome StopTrace(inlay_engine* engine, inlay_stream_write_fn write,
                  void* user_data) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  INLAY_ASSIGN_OR_RETURN(const std::string json, engine->core->StopTrace());
  if (write == nullptr) return {};
  HostStream stream(user_data);
  for (size_t at = 0; at < json.size(); at += kPiece) {
    const size_t bytes = std::min(kPiece, json.size() - at);
    INLAY_RETURN_IF_BAD(
        stream.Explain(stream.Write(write, json.data() + at, bytes)));
  }
  return {};
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_engine_get_stats(inlay_engine* engine,
                                    inlay_engine_stats* out,
                                    inlay_error* error) noexcept {
  return Guard(error, [&] { return GetStats(engine, out); });
}

inlay_status inlay_engine_get_config(inlay_engine* engine,
                                     inlay_engine_config* out,
                                     inlay_error* error) noexcept {
  return Guard(error, [&] { return GetConfig(engine, out); });
}

inlay_status inlay_engine_set_tenant(inlay_engine* engine, const char* tenant,
                                     size_t tenant_size, double weight,
                                     inlay_error* error) noexcept {
  return Guard(error,
               [&] { return SetTenant(engine, tenant, tenant_size, weight); });
}

inlay_status inlay_engine_get_metrics(inlay_engine* engine, char* buffer,
                                      size_t capacity, size_t* out_size,
                                      inlay_error* error) noexcept {
  return Guard(error,
               [&] { return GetMetrics(engine, buffer, capacity, out_size); });
}

inlay_status inlay_engine_start_trace(inlay_engine* engine, int32_t max_steps,
                                      inlay_error* error) noexcept {
  return Guard(error, [&] { return StartTrace(engine, max_steps); });
}

inlay_status inlay_engine_stop_trace(inlay_engine* engine,
                                     inlay_stream_write_fn write,
                                     void* user_data,
                                     inlay_error* error) noexcept {
  return Guard(error, [&] { return StopTrace(engine, write, user_data); });
}

}  // extern "C"
