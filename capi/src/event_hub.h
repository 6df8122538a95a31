// Where the events of an engine go: to the host's poll, or to its callback.
#ifndef INLAY_CAPI_SRC_EVENT_HUB_H_
#define INLAY_CAPI_SRC_EVENT_HUB_H_

#include <inlay/inlay.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "capi/src/event_record.h"
#include "capi/src/host_release.h"
#include "capi/src/outcome.h"
#include "capi/src/request_table.h"
#include "cpp/engine/engine.h"

namespace inlay::capi {

// Thread-safe. The core's callback owns a share, so the hub outlives both the
// handle and the core.
class EventHub {
 public:
  // `on_events` null: pull mode. `release` was not armed yet.
  EventHub(inlay_event_fn on_events, inlay_release_fn release, void* user_data)
      : on_events_(on_events),
        user_data_(user_data),
        release_(release, user_data) {}

  bool push() const { return on_events_ != nullptr; }
  void ArmRelease() { release_.Arm(); }
  RequestTable& requests() { return requests_; }

  // Push: the host is not called any more, whatever the core still delivers.
  void Silence() { silent_.store(true); }
  // Push: called by the core on its delivery thread.
  void OnEvents(const std::vector<engine::Event>& events);

 private:
  void CallHost(const engine::Event* events, size_t count);

  const inlay_event_fn on_events_;
  void* const user_data_;
  // Destroyed after requests_, so that the host hears of requests first.
  HostRelease release_;
  RequestTable requests_;
  std::atomic<bool> silent_{false};
};

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_EVENT_HUB_H_
