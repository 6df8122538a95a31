// All live requests of an engine, with their pages and counters.
#ifndef INLAY_ENGINE_BOOK_H_
#define INLAY_ENGINE_BOOK_H_

#include <cstdint>
#include <map>
#include <memory>

#include "cpp/base/clock.h"
#include "cpp/cache/block_pool.h"
#include "cpp/engine/engine.h"
#include "cpp/engine/event_queue.h"
#include "cpp/engine/live_request.h"

namespace inlay::engine {

// Guarded by the engine's lock. A request leaves only through End, Fail or
// FailAll, which return its pages and publish its one terminal event.
class Book {
 public:
  using Requests = std::map<uint64_t, std::unique_ptr<LiveRequest>>;

  Book(EventQueue* events, const Clock* clock, int32_t page_count)
      : pool_(page_count), events_(events), clock_(clock) {}

  // Takes a prepared request; its id is new and larger than all before. The
  // deadline becomes absolute.
  void Add(std::unique_ptr<LiveRequest> request);
  LiveRequest* Find(uint64_t id);

  // `request` dies in these. They do not throw.
  void End(LiveRequest& request, FinishReason reason) noexcept;
  void Fail(LiveRequest& request, Status status) noexcept;
  void FailAll(const Status& status) noexcept;

  // Ends the request, or marks it if a step is computing it.
  void Cancel(LiveRequest& request, bool drop) noexcept;
  void CancelAll() noexcept;
  // Ends requests whose deadline has passed.
  void ExpireDeadlines();
  // The earliest deadline; kNever if there is none.
  int64_t NextDeadline() const;
  // It may hold pages from now on.
  void Admit(LiveRequest& request) noexcept;
  // Takes the pages of a request that waits again.
  void Preempt(LiveRequest& request) noexcept;

  bool empty() const { return requests_.empty(); }
  int32_t queued() const { return queued_; }  // not admitted
  const Requests& requests() const { return requests_; }
  cache::BlockPool& pool() { return pool_; }
  const cache::BlockPool& pool() const { return pool_; }
  EngineStats& counters() { return counters_; }
  const EngineStats& counters() const { return counters_; }
  EventQueue& events() { return *events_; }
  int64_t NowNs() const { return clock_->NowNs(); }

 private:
  void FlushText(LiveRequest& request) noexcept;
  void Remove(LiveRequest& request, EventKind kind, FinishReason reason,
              Status status) noexcept;

  Requests requests_;  // ascending ids are the order of arrival
  cache::BlockPool pool_;
  EventQueue* const events_;
  const Clock* const clock_;
  EngineStats counters_;
  int32_t queued_ = 0;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_BOOK_H_
