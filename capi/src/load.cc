#include "capi/src/load.h"

#include <system_error>
#include <utility>

#include "capi/src/arguments.h"
#include "capi/src/context.h"
#include "capi/src/guard.h"
#include "capi/src/model.h"
#include "cpp/base/clock.h"
#include "cpp/base/os_thread.h"

namespace inlay::capi {
namespace {

Status Report(LoadState* load, std::string_view stage, uint64_t done,
              uint64_t total) {
  {
    MutexLock lock(load->mutex);
    load->done = done;
    load->total = total;
    const size_t size = Utf8Prefix(stage, sizeof(load->stage) - 1);
    std::memcpy(load->stage, stage.data(), size);
    load->stage[size] = '\0';
  }
  if (load->cancelled.load()) {
    return absl::CancelledError("the load was cancelled");
  }
  return load->host_progress ? load->host_progress(stage, done, total)
                             : OkStatus();
}

void Finish(LoadState* load, Outcome outcome,
            std::shared_ptr<engine::Model> model) {
  MutexLock lock(load->mutex);
  load->state = outcome.ok()                            ? INLAY_LOAD_DONE
                : outcome.code() == INLAY_ERR_CANCELLED ? INLAY_LOAD_CANCELLED
                                                        : INLAY_LOAD_FAILED;
  load->outcome = std::move(outcome);
  load->model = std::move(model);
  load->changed.NotifyAll();
}

// The thread's body. Nothing is thrown out of it.
void Run(LoadState* load) noexcept {
  Outcome outcome;
  std::shared_ptr<engine::Model> model;
  try {
    SetThreadName("inlay-load");
    auto opened = engine::Model::Open(
        load->context, std::move(load->source.source), load->options);
    if (opened.ok()) {
      model = *std::move(opened);
    } else {
      outcome = load->source.Explain(std::move(opened).status());
    }
  } catch (const std::bad_alloc&) {
    outcome = Outcome::Abi(INLAY_ERR_OUT_OF_MEMORY, "", "an allocation failed");
  } catch (...) {
    outcome = Outcome::Abi(INLAY_ERR_INTERNAL, "", "an exception was stopped");
  }
  load->options.progress = Progress();
  load->source.release.reset();
  Finish(load, std::move(outcome), std::move(model));
}

Outcome Start(std::shared_ptr<LoadState> state, inlay_load** out) {
  auto handle = std::make_unique<inlay_load>();
  handle->state = state;
  const auto release = state->source.release;
  release->Arm();  // from here on the thread may be done at any time
  try {
    const ScopedSignalBlock block;
    handle->thread = std::thread([state] { Run(state.get()); });
  } catch (const std::system_error&) {
    release->Disarm();
    return Outcome::Abi(INLAY_ERR_RESOURCE_EXHAUSTED, "the system",
                        "gives no thread for the load");
  } catch (...) {
    release->Disarm();
    throw;
  }
  *out = handle.release();
  return {};
}

Outcome OpenAsync(inlay_context* context,
                  const inlay_model_source* given_source,
                  const inlay_model_options* given_options, inlay_load** out) {
  INLAY_RETURN_IF_BAD(CheckHandle(context));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  auto state = std::make_shared<LoadState>();
  state->context = context->core;
  inlay_model_options copy;
  INLAY_RETURN_IF_BAD(ReadModelOptions(given_options, &copy, &state->options));
  state->host_progress = HostProgress(copy);
  // The state outlives the opening, which is all that uses this.
  state->options.progress = [load = state.get()](std::string_view stage,
                                                 uint64_t done,
                                                 uint64_t total) {
    return Report(load, stage, done, total);
  };
  INLAY_RETURN_IF_BAD(OpenSource(given_source, &state->source));
  return Start(std::move(state), out);
}

bool OnLoadThread(const inlay_load& load) {
  return load.thread.get_id() == std::this_thread::get_id();
}

Outcome GetInfo(inlay_load* load, inlay_load_info* out) {
  INLAY_RETURN_IF_BAD(CheckHandle(load));
  INLAY_RETURN_IF_BAD(CheckOut(out, "out"));
  inlay_load_info info = INLAY_LOAD_INFO_INIT;
  {
    LoadState& state = *load->state;
    MutexLock lock(state.mutex);
    info.state = state.state;
    info.done = state.done;
    info.total = state.total;
    std::memcpy(info.stage, state.stage, sizeof(info.stage));
  }
  WriteOut(info, out);
  return {};
}

Outcome Wait(inlay_load* load, int64_t timeout_ns) {
  INLAY_RETURN_IF_BAD(CheckHandle(load));
  if (OnLoadThread(*load)) {
    return Outcome::Abi(INLAY_ERR_WOULD_DEADLOCK, "inlay_load_wait",
                        "was called by the load's own callback");
  }
  LoadState& state = *load->state;
  const Clock& clock = Clock::Monotonic();
  const int64_t start = clock.NowNs();
  MutexLock lock(state.mutex);
  while (state.state == INLAY_LOAD_RUNNING) {
    const int64_t spent = clock.NowNs() - start;
    if (timeout_ns >= 0 && spent >= timeout_ns) {
      return Outcome::Abi(INLAY_ERR_DEADLINE_EXCEEDED, "the load",
                          "still runs");
    }
    state.changed.WaitFor(state.mutex,
                          timeout_ns < 0 ? -1 : timeout_ns - spent);
  }
  return state.outcome;
}

Outcome GetModel(inlay_load* load, inlay_model** out) {
  INLAY_RETURN_IF_BAD(CheckHandle(load));
  INLAY_RETURN_IF_BAD(CheckPointer(out, "out"));
  *out = nullptr;
  std::shared_ptr<engine::Model> core;
  {
    LoadState& state = *load->state;
    MutexLock lock(state.mutex);
    if (state.state == INLAY_LOAD_RUNNING) {
      return Outcome::Abi(INLAY_ERR_FAILED_PRECONDITION, "the load",
                          "still runs");
    }
    INLAY_RETURN_IF_BAD(state.outcome);
    core = state.model;
  }
  *out = MakeModel(std::move(core)).release();
  return {};
}

void Destroy(inlay_load* load) {
  load->state->cancelled.store(true);
  if (OnLoadThread(*load)) {
    load->thread.detach();
  } else {
    load->thread.join();
  }
  delete load;
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_model_open_async(inlay_context* context,
                                    const inlay_model_source* source,
                                    const inlay_model_options* options,
                                    inlay_load** out,
                                    inlay_error* error) noexcept {
  return Guard(error, [&] { return OpenAsync(context, source, options, out); });
}

inlay_status inlay_load_retain(inlay_load* load, inlay_error* error) noexcept {
  return Guard(error, [&] { return Retain(load); });
}

void inlay_load_release(inlay_load* load) noexcept {
  GuardVoid([&] { Release(load, Destroy); });
}

inlay_status inlay_load_get_info(inlay_load* load, inlay_load_info* out,
                                 inlay_error* error) noexcept {
  return Guard(error, [&] { return GetInfo(load, out); });
}

inlay_status inlay_load_cancel(inlay_load* load, inlay_error* error) noexcept {
  return Guard(error, [&]() -> Outcome {
    INLAY_RETURN_IF_BAD(CheckHandle(load));
    load->state->cancelled.store(true);
    return {};
  });
}

inlay_status inlay_load_wait(inlay_load* load, int64_t timeout_ns,
                             inlay_error* error) noexcept {
  return Guard(error, [&] { return Wait(load, timeout_ns); });
}

inlay_status inlay_load_get_model(inlay_load* load, inlay_model** out,
                                  inlay_error* error) noexcept {
  return Guard(error, [&] { return GetModel(load, out); });
}

}  // extern "C"
