// The completion queue of an engine: events of all its requests.
#ifndef INLAY_ENGINE_EVENT_QUEUE_H_
#define INLAY_ENGINE_EVENT_QUEUE_H_

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "cpp/base/mutex.h"
#include "cpp/base/os_wait_handle.h"
#include "cpp/base/status.h"
#include "cpp/engine/outbox.h"
#include "cpp/engine/request.h"

namespace inlay::engine {

// Thread-safe. Requests take turns in the order in which their first waiting
// event arose, and the events of one leave in their own order. A box exists
// from Open until its last event is taken. A request has one box; one with
// several choices has one for each, and its own for the terminal event.
class EventQueue {
 public:
  explicit EventQueue(int32_t max_pending) : max_pending_(max_pending) {}

  // Prepares everything that a terminal event will need, so that reporting
  // the end of a request cannot fail. With a `sink` the events go there.
  void Open(uint64_t id, const EventOwner& owner,
            std::shared_ptr<EventSink> sink = nullptr);
  // Forgets a box and what waits in it.
  void Discard(uint64_t id) noexcept;

  // For an open id whose terminal event was not published.
  void PublishStarted(uint64_t id);
  void PublishProgress(uint64_t id, int32_t done, int32_t total);
  void PublishPrompt(uint64_t id, Event&& prompt);
  void PublishDelta(uint64_t id, const DeltaPart& part);
  void PublishText(uint64_t id, std::string_view text);
  // A whole answer as one delta.
  void PublishWhole(uint64_t id, Event&& answer);
  void PublishEnd(uint64_t id, EventKind kind, FinishReason reason,
                  Status status, const Usage& usage, double score = 0) noexcept;
  void Drop(uint64_t id);

  // True if so many deltas wait that the request should pause.
  bool Full(uint64_t id);
  // True from Open until the terminal event is taken.
  bool Contains(uint64_t id);
  uint64_t pending();
  bool Empty();

  // Appends at most `max` events to *out. True if a box that was Full has
  // room again.
  bool Take(size_t max, std::vector<Event>* out);
  // Waits until an event waits, Wake, or EndOfEvents; at most `timeout_ns`
  // (< 0: for ever). Consumes the wake.
  void Wait(int64_t timeout_ns);
  void Wake();
  // No event will be published any more.
  void EndOfEvents();
  bool AtEnd();

  // A descriptor that is readable while events wait, a wake is unseen, or all
  // have ended.
  StatusOr<int> Handle();

 private:
  using Boxes = std::list<Outbox>;

  Outbox* Find(uint64_t id) INLAY_REQUIRES(mutex_);
  // After a change of the box `id`, which held nothing if `was_empty`.
  void Changed(uint64_t id, bool was_empty) INLAY_REQUIRES(mutex_);
  // Hands on what the box `id`, which has a sink, holds.
  void HandOn(uint64_t id) INLAY_REQUIRES(mutex_);
  void UpdateHandle() INLAY_REQUIRES(mutex_);

  const int32_t max_pending_;
  Mutex mutex_;
  CondVar changed_;
  // Boxes move between the lists without allocating.
  Boxes quiet_ INLAY_GUARDED_BY(mutex_);
  Boxes ready_ INLAY_GUARDED_BY(mutex_);
  std::map<uint64_t, Boxes::iterator> index_ INLAY_GUARDED_BY(mutex_);
  bool woken_ INLAY_GUARDED_BY(mutex_) = false;
  bool at_end_ INLAY_GUARDED_BY(mutex_) = false;
  bool readable_ INLAY_GUARDED_BY(mutex_) = false;
  std::unique_ptr<WaitHandle> handle_ INLAY_GUARDED_BY(mutex_);
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_EVENT_QUEUE_H_
