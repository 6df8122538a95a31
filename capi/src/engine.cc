#include "capi/src/engine.h"

#include <utility>

#include "capi/src/arguments.h"
#include "capi/src/guard.h"
#include "capi/src/model.h"

namespace inlay::capi {

Outcome CheckBlocking(const inlay_engine* engine) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  if (engine->core->InCallback()) {
    return Outcome::Abi(INLAY_ERR_WOULD_DEADLOCK, "a blocking call",
                        "was made inside the engine's callback");
  }
  return {};
}

namespace {

Outcome Create(inlay_model* model, const inlay_engine_options* given,
               inlay_engine** out) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  inlay_engine_options copy;
  engine::EngineOptions options;
  INLAY_RETURN_IF_BAD(ReadEngineOptions(given, &copy, &options));
  auto handle = std::make_unique<inlay_engine>();
  handle->host_driven = options.host_driven;
  handle->hub = std::make_shared<EventHub>(copy.on_events, copy.event_release,
                                           copy.event_user_data);
  if (handle->hub->push()) {
    options.on_events =
        [hub = handle->hub](const std::vector<engine::Event>& events) {
          hub->OnEvents(events);
        };
  }
  INLAY_ASSIGN_OR_RETURN(handle->core,
                         engine::Engine::Create(model->core, options));
  handle->hub->ArmRelease();
  *out = handle.release();
  return {};
}

// Everything is delivered before the core goes, unless this is its own
// delivery thread, which cannot wait for itself.
void Destroy(inlay_engine* engine) {
  if (!engine->core->InCallback()) {
    // Idempotent; a drain was the host's to ask for.
    [[maybe_unused]] const Status closed =
        engine->core->Close(engine::CloseMode::kCancel, 0);
  } else {
    engine->hub->Silence();
  }
  engine->hub->requests().UnregisterAll();
  delete engine;
}

Outcome Close(inlay_engine* engine, int32_t mode, int64_t timeout_ns) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  if (mode != INLAY_CLOSE_DRAIN && mode != INLAY_CLOSE_CANCEL) {
    return Outcome::Invalid("mode", "is not an inlay_close_mode");
  }
  const Status closed =
      engine->core->Close(static_cast<engine::CloseMode>(mode), timeout_ns);
  engine->hub->requests().UnregisterAll();
  return closed;
}

Outcome Step(inlay_engine* engine, int32_t* out_more) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  const TryFlag stepping(&engine->stepping);
  if (!stepping.held()) {
    return Outcome::Abi(INLAY_ERR_FAILED_PRECONDITION, "the engine",
                        "is being stepped by another thread");
  }
  INLAY_ASSIGN_OR_RETURN(const bool more, engine->core->Step());
  if (out_more != nullptr) *out_more = more ? 1 : 0;
  return {};
}

Outcome Estimate(inlay_model* model, const inlay_engine_options* given,
                 inlay_memory_needs* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(model));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  inlay_engine_options copy;
  engine::EngineOptions options;
  INLAY_RETURN_IF_BAD(ReadEngineOptions(given, &copy, &options));
  INLAY_ASSIGN_OR_RETURN(const engine::MemoryEstimate estimate,
                         engine::Engine::Estimate(*model->core, options));
  inlay_memory_needs needs = INLAY_MEMORY_NEEDS_INIT;
  needs.weights = estimate.weights;
  needs.weights_mapped = estimate.weights_mapped;
  needs.kv_cache = estimate.kv_cache;
  needs.activations = estimate.activations;
  needs.vocabulary = estimate.vocabulary;
  needs.total = estimate.total();
  WriteOut(needs, out);
  return {};
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_engine_create(inlay_model* model,
                                 const inlay_engine_options* options,
                                 inlay_engine** out,
                                 inlay_error* error) noexcept {
  return Guard(error, [&] { return Create(model, options, out); });
}

inlay_status inlay_engine_retain(inlay_engine* engine,
                                 inlay_error* error) noexcept {
  return Guard(error, [&] { return Retain(engine); });
}

void inlay_engine_release(inlay_engine* engine) noexcept {
  GuardVoid([&] { Release(engine, Destroy); });
}

inlay_status inlay_engine_close(inlay_engine* engine, int32_t mode,
                                int64_t timeout_ns,
                                inlay_error* error) noexcept {
  return Guard(error, [&] { return Close(engine, mode, timeout_ns); });
}

inlay_status inlay_engine_get_state(inlay_engine* engine, int32_t* out_state,
                                    inlay_error* error) noexcept {
  return Guard(error, [&]() -> Outcome {
    INLAY_RETURN_IF_BAD(CheckHandle(engine));
    INLAY_RETURN_IF_BAD(CheckPointer(out_state, "out_state"));
    *out_state = static_cast<int32_t>(engine->core->state());
    return {};
  });
}

inlay_status inlay_engine_step(inlay_engine* engine, int32_t* out_more,
                               inlay_error* error) noexcept {
  return Guard(error, [&] { return Step(engine, out_more); });
}

inlay_status inlay_memory_estimate(inlay_model* model,
                                   const inlay_engine_options* options,
                                   inlay_memory_needs* out,
                                   inlay_error* error) noexcept {
  return Guard(error, [&] { return Estimate(model, options, out); });
}

}  // extern "C"
