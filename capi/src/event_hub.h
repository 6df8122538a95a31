// Where the events of an engine go: to the host's poll, to its callback, or
// into the answer of a blocking generate.
#ifndef INLAY_CAPI_SRC_EVENT_HUB_H_
#define INLAY_CAPI_SRC_EVENT_HUB_H_

#include <inlay/inlay.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <vector>

#include "capi/src/event_record.h"
#include "capi/src/generation.h"
#include "capi/src/host_release.h"
#include "capi/src/outcome.h"
#include "capi/src/request_table.h"
#include "cpp/base/mutex.h"
#include "cpp/engine/engine.h"

namespace inlay::capi {

// Thread-safe. In pull mode one caller at a time (the leader) waits inside
// the core, whoever it is; it hands on what is not its own and wakes the
// others. The core's callback owns a share, so the hub outlives both the
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

  // Pull: fills `batch`, which has room for `max` events.
  Outcome Poll(engine::Engine& core, size_t max, int64_t timeout_ns,
               EventBatch* batch);
  void Wake(engine::Engine& core);

  // Push: the host is not called any more, whatever the core still delivers.
  void Silence() { silent_.store(true); }
  // Push: called by the core on its delivery thread.
  void OnEvents(const std::vector<engine::Event>& events);

  // Waits until `generation`, whose request was submitted, is done. `step`:
  // the engine is host-driven.
  Outcome WaitFor(engine::Engine& core, const Generation& generation,
                  bool step);
  // Nobody waits for this record's generation any more.
  void Detach(RequestRecord* record);

 private:
  using EventList = std::list<engine::Event>;

  template <typename Body>
  auto Unlocked(Body&& body) INLAY_REQUIRES(mutex_);
  // Waits in the core as the leader.
  StatusOr<std::vector<engine::Event>> Lead(engine::Engine& core, size_t max,
                                            int64_t timeout_ns)
      INLAY_REQUIRES(mutex_);
  // Gives `event` to its generation; false if the host is to have it.
  bool GiveToGeneration(const engine::Event& event) INLAY_REQUIRES(mutex_);
  Outcome LeadForGeneration(engine::Engine& core, int64_t timeout_ns,
                            EventList* spare) INLAY_REQUIRES(mutex_);
  bool TakePending(size_t max, EventBatch* batch) INLAY_REQUIRES(mutex_);
  void CallHost(const engine::Event* const* events, size_t count);

  const inlay_event_fn on_events_;
  void* const user_data_;
  // Destroyed after requests_, so that the host hears of requests first.
  HostRelease release_;
  RequestTable requests_;
  std::atomic<bool> silent_{false};

  Mutex mutex_;
  CondVar changed_;
  bool leading_ INLAY_GUARDED_BY(mutex_) = false;
  bool poller_leads_ INLAY_GUARDED_BY(mutex_) = false;
  bool woken_ INLAY_GUARDED_BY(mutex_) = false;
  EventList pending_ INLAY_GUARDED_BY(mutex_);
};

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_EVENT_HUB_H_
