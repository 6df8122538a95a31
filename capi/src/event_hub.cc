#include "capi/src/event_hub.h"

#include <algorithm>

#include "capi/src/registry.h"

namespace inlay::capi {
namespace {

constexpr size_t kChunk = 32;  // events handed to a callback at once

}  // namespace

void EventHub::OnEvents(const std::vector<engine::Event>& events) {
  for (size_t at = 0; at < events.size(); at += kChunk) {
    CallHost(events.data() + at, std::min(kChunk, events.size() - at));
  }
}

void EventHub::CallHost(const engine::Event* events, size_t count) {
  // The host released the engine inside an earlier chunk of this batch.
  if (silent_.load()) return;
  EventExtra extras[kChunk];
  inlay_event records[kChunk];
  for (size_t i = 0; i < count; ++i) {
    RequestRecord* record = RequestRecord::Of(events[i]);
    records[i] = ToRecord(events[i], record->user_data, &extras[i]);
    if (IsTerminal(events[i])) {
      requests_.MarkEnded(record);
    } else {
      // Its submit may not have returned yet.
      Registry::Insert(record, events[i].request_id);
    }
  }
  try {
    on_events_(user_data_, records, sizeof(inlay_event), count);
  } catch (...) {
    // A host that throws loses these events, nothing else.
  }
  requests_.ReleaseEnded();
}

}  // namespace inlay::capi
