// The caller's engine options to the core's.
#include <inlay/inlay.h>

#include "capi/src/arguments.h"
#include "capi/src/engine.h"
#include "capi/src/options.h"

namespace inlay::capi {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

backend::KvType ReadKvType(std::string_view name) {
  if (name == "f32") return backend::KvType::kF32;
  if (name == "f16") return backend::KvType::kF16;
  if (name == "bf16") return backend::KvType::kBf16;
  if (name == "int8") return backend::KvType::kInt8;
  if (name == "fp8") return backend::KvType::kFp8;
  return backend::KvType::kAuto;
}

scheduler::PolicyKind ReadPolicy(std::string_view name) {
  if (name == "fcfs") return scheduler::PolicyKind::kFcfs;
  if (name == "priority") return scheduler::PolicyKind::kPriority;
  if (name == "deadline") return scheduler::PolicyKind::kDeadline;
  return scheduler::PolicyKind::kFair;
}

// Tunables were checked when they were set.
void ReadTunables(const inlay_options* options, engine::EngineOptions* out) {
  out->max_step_tokens = OptionNumber(options, kOption_max_step_tokens);
  out->max_queue = OptionNumber(options, kOption_max_queue);
  out->max_pending_events = OptionNumber(options, kOption_max_pending_events);
  out->kv_type = ReadKvType(OptionText(options, kOption_kv_type));
  out->policy = ReadPolicy(OptionText(options, kOption_policy));
  out->batching = OptionText(options, kOption_batching) == "static"
                      ? scheduler::Batching::kStatic
                      : scheduler::Batching::kInFlight;
  out->prefix_cache = OptionText(options, kOption_prefix_cache) == "on";
  out->swap_bytes =
      static_cast<uint64_t>(OptionInteger(options, kOption_swap_bytes));
  out->max_queue_tokens = OptionInteger(options, kOption_max_queue_tokens);
  out->stall_factor =
      static_cast<float>(OptionReal(options, kOption_stall_factor));
  out->ageing_ns = OptionInteger(options, kOption_ageing_ms) * kNsPerMs;
  out->starvation_ns = OptionInteger(options, kOption_starvation_ms) * kNsPerMs;
  out->pause_timeout_ns =
      OptionInteger(options, kOption_pause_timeout_ms) * kNsPerMs;
}

}  // namespace

Outcome ReadEngineOptions(const inlay_engine_options* given,
                          inlay_engine_options* copy,
                          engine::EngineOptions* out) {
  INLAY_RETURN_IF_BAD(CopyInOptional(given, "options", copy));
  INLAY_RETURN_IF_BAD(
      CheckFlags(copy->flags, kAll_inlay_engine_flags, "flags"));
  if (copy->options != nullptr) INLAY_RETURN_IF_BAD(CheckLive(copy->options));
  out->context_length = copy->context_length;
  out->max_concurrency = copy->max_concurrency;
  out->kv_cache_bytes = copy->kv_cache_bytes;
  out->host_driven = (copy->flags & INLAY_ENGINE_HOST_DRIVEN) != 0;
  ReadTunables(copy->options, out);
  return {};
}

}  // namespace inlay::capi
