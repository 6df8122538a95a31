// Pull mode.
#include <inlay/inlay.h>

#include <algorithm>
#include <utility>

#include "capi/src/arguments.h"
#include "capi/src/engine.h"
#include "capi/src/guard.h"
#include "capi/src/registry.h"
#include "cpp/base/checked.h"

namespace inlay::capi {
namespace {

constexpr size_t kMaxBatch = 1024;

Outcome CheckEvents(const inlay_event* events, size_t event_size,
                    size_t capacity, const size_t* out_count) {
  INLAY_RETURN_IF_BAD(CheckPointer(events, "events"));
  INLAY_RETURN_IF_BAD(CheckPointer(out_count, "out_count"));
  if (capacity == 0) return Outcome::Invalid("capacity", "is 0");
  size_t bytes = 0;
  if (event_size > kMaxStructSize ||
      !CheckedMul(event_size, capacity, &bytes)) {
    return Outcome::Invalid("event_size", "is absurd");
  }
  if (Misaligned(events) || event_size % alignof(inlay_event) != 0) {
    return Outcome::Invalid("events", "are misaligned");
  }
  return CheckSize(TableFor<inlay_event>::kTable,
                   static_cast<uint32_t>(event_size));
}

void WriteEvents(inlay_engine* engine, inlay_event* events, size_t event_size) {
  EventBatch& batch = engine->batch;
  for (size_t i = 0; i < batch.size(); ++i) {
    const engine::Event& event = batch.event(i);
    RequestRecord* record = RequestRecord::Of(event);
    const inlay_event full = ToRecord(event, record->user_data, batch.extra(i));
    if (IsTerminal(event)) {
      engine->hub->requests().MarkEnded(record);
    } else {
      // Its submit may not have returned yet.
      Registry::Insert(record, event.request_id);
    }
    WriteOutSized(full, static_cast<uint32_t>(event_size),
                  reinterpret_cast<char*>(events) + i * event_size);
  }
}

Outcome Poll(inlay_engine* engine, inlay_event* events, size_t event_size,
             size_t capacity, int64_t timeout_ns, size_t* out_count) {
  INLAY_RETURN_IF_BAD(CheckBlocking(engine));
  INLAY_RETURN_IF_BAD(CheckEvents(events, event_size, capacity, out_count));
  *out_count = 0;
  if (engine->hub->push()) {
    return Outcome::Abi(INLAY_ERR_FAILED_PRECONDITION, "the engine",
                        "delivers its events to a callback");
  }
  const TryFlag polling(&engine->polling);
  if (!polling.held()) {
    return Outcome::Abi(INLAY_ERR_FAILED_PRECONDITION, "the engine",
                        "is being polled by another thread");
  }
  engine->hub->requests().ReleaseEnded();
  engine->batch.Clear();
  const size_t max = std::min(capacity, kMaxBatch);
  engine->batch.Reserve(max);
  INLAY_ASSIGN_OR_RETURN(auto taken, engine->core->Poll(max, timeout_ns));
  for (engine::Event& event : taken) engine->batch.Add(std::move(event));
  WriteEvents(engine, events, event_size);
  *out_count = engine->batch.size();
  return {};
}

Outcome WaitHandle(inlay_engine* engine, int64_t* out_handle) {
  INLAY_RETURN_IF_BAD(CheckHandle(engine));
  INLAY_RETURN_IF_BAD(CheckPointer(out_handle, "out_handle"));
  if (engine->hub->push()) {
    return Outcome::Abi(INLAY_ERR_FAILED_PRECONDITION, "the engine",
                        "delivers its events to a callback");
  }
  INLAY_ASSIGN_OR_RETURN(*out_handle, engine->core->WaitHandle());
  return {};
}

}  // namespace
}  // namespace inlay::capi

using namespace inlay::capi;  // NOLINT(build/namespaces): the shells below

extern "C" {

inlay_status inlay_poll(inlay_engine* engine, inlay_event* events,
                        size_t event_size, size_t capacity, int64_t timeout_ns,
                        size_t* out_count, inlay_error* error) noexcept {
  return Guard(error, [&] {
    return Poll(engine, events, event_size, capacity, timeout_ns, out_count);
  });
}

inlay_status inlay_wake(inlay_engine* engine, inlay_error* error) noexcept {
  return Guard(error, [&]() -> Outcome {
    INLAY_RETURN_IF_BAD(CheckHandle(engine));
    engine->core->Wake();
    return {};
  });
}

inlay_status inlay_engine_wait_handle(inlay_engine* engine, int64_t* out_handle,
                                      inlay_error* error) noexcept {
  return Guard(error, [&] { return WaitHandle(engine, out_handle); });
}

}  // extern "C"
