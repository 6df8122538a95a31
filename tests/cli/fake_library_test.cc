// The definitions of fake_library.h; they stand in for the library's.
#include "tests/cli/fake_library.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace inlay::cli {
namespace {

constexpr char kReason[] = "the fake says no";
constexpr int32_t kToken = 1;

// inlay_cancel names no engine.
FakeLibrary* current = nullptr;

FakeLibrary& Of(inlay_engine* engine) {
  return *reinterpret_cast<FakeLibrary*>(engine);
}

}  // namespace

void FakeLibrary::QueueOne(uint64_t id, int32_t kind, int32_t reason,
                           size_t tokens) {
  inlay_event event = INLAY_EVENT_INIT;
  event.kind = kind;
  event.request_id = id;
  event.user_data = submitted[id - 1].request.user_data;
  event.tokens = &kToken;
  event.token_count = tokens;
  event.finish_reason = reason;
  event.message = kReason;
  event.message_size = std::strlen(kReason);
  events.push_back(event);
}

void FakeLibrary::Queue(uint64_t id, int32_t tokens, int32_t kind,
                        int32_t reason) {
  QueueOne(id, INLAY_EVENT_STARTED, 0, 0);
  for (int32_t i = 0; i < tokens; ++i) QueueOne(id, INLAY_EVENT_DELTA, 0, 1);
  QueueOne(id, kind, reason, 0);
}

extern "C" {

inlay_status inlay_submit(inlay_engine* engine, const inlay_request* request,
                          uint64_t* out_id, inlay_error* error) noexcept {
  FakeLibrary& fake = Of(engine);
  const std::lock_guard<std::mutex> lock(fake.mutex);
  current = &fake;
  Submitted entry;
  entry.request = *request;
  entry.tokens.assign(request->parts->tokens,
                      request->parts->tokens + request->parts->token_count);
  entry.tenant.assign(request->tenant ? request->tenant : "",
                      request->tenant_size);
  entry.cache_domain.assign(request->cache_domain ? request->cache_domain : "",
                            request->cache_domain_size);
  fake.submitted.push_back(entry);
  *out_id = fake.submitted.size();
  const inlay_status status = fake.on_submit(fake, *out_id);
  if (status != INLAY_OK) {
    error->message_size = static_cast<uint32_t>(std::strlen(kReason));
    std::strcpy(error->message, kReason);
  }
  fake.changed.notify_all();
  return status;
}

inlay_status inlay_poll(inlay_engine* engine, inlay_event* events, size_t,
                        size_t capacity, int64_t timeout_ns, size_t* out_count,
                        inlay_error*) noexcept {
  FakeLibrary& fake = Of(engine);
  std::unique_lock<std::mutex> lock(fake.mutex);
  fake.changed.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [&] {
    return !fake.events.empty() && fake.submitted.size() >= fake.hold_until;
  });
  *out_count = 0;
  if (fake.submitted.size() < fake.hold_until) return INLAY_OK;
  while (!fake.events.empty() && *out_count < std::min<size_t>(capacity, 3)) {
    events[(*out_count)++] = fake.events.front();
    fake.events.pop_front();
  }
  return INLAY_OK;
}

const char* inlay_status_name(inlay_status) noexcept { return "status"; }

inlay_status inlay_cancel(uint64_t id, int32_t, inlay_error*) noexcept {
  const std::lock_guard<std::mutex> lock(current->mutex);
  current->on_cancel(*current, id);
  current->changed.notify_all();
  return INLAY_OK;
}

}  // extern "C"
}  // namespace inlay::cli
