// All live requests of an engine, with their pages and counters.
#ifndef INLAY_ENGINE_BOOK_H_
#define INLAY_ENGINE_BOOK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cpp/base/clock.h"
#include "cpp/cache/page_cache.h"
#include "cpp/engine/choice_group.h"
#include "cpp/engine/engine.h"
#include "cpp/engine/event_queue.h"
#include "cpp/engine/histogram.h"
#include "cpp/engine/live_request.h"
#include "cpp/engine/swap_space.h"
#include "cpp/engine/tenants.h"

namespace inlay::engine {

// Guarded by the engine's lock. A sequence leaves only through End, Fail or
// FailAll, which return its pages and publish the one event that ends it.
class Book {
 public:
  using Requests = std::map<uint64_t, std::unique_ptr<LiveRequest>>;

  Book(EventQueue* events, const Clock* clock, int32_t page_count,
       int32_t page_tokens, SwapSpace swap);

  // Takes a prepared request; its id is new and larger than all before. The
  // deadline becomes absolute.
  void Add(std::unique_ptr<LiveRequest> request);
  // The same for the choices of one request, in order.
  void AddGroup(std::unique_ptr<ChoiceGroup> group,
                std::vector<std::unique_ptr<LiveRequest>> members);

  // By its own id. Null if it has ended.
  LiveRequest* Find(uint64_t id);
  // By what the caller knows. Null, or false, if it has ended.
  LiveRequest* FindSingle(uint64_t request_id);
  ChoiceGroup* FindGroup(uint64_t request_id);
  bool Contains(uint64_t request_id);
  // True once a step computed something of it.
  bool Started(uint64_t request_id);

  // The sequence dies in these. They do not throw.
  void End(LiveRequest& request, FinishReason reason) noexcept;
  void Fail(LiveRequest& request, Status status) noexcept;
  void FailAll(const Status& status) noexcept;

  // Ends the request, or marks it if a step is computing it. False if there is
  // none.
  bool Cancel(uint64_t request_id, bool drop) noexcept;
  void CancelAll() noexcept;
  // Ends what is past its deadline, or was paused for longer than
  // `pause_timeout_ns` (< 0: never).
  void Expire(int64_t pause_timeout_ns);
  // When Expire has something to do; kNever if not at all.
  int64_t NextExpiry(int64_t pause_timeout_ns) const;

  // It may hold pages from now on.
  void Admit(LiveRequest& request) noexcept;
  // Takes the pages of a sequence, which waits again and computes them anew.
  void Preempt(LiveRequest& request) noexcept;
  // The same once its pages are in swap: `cached` stays.
  void PreemptToSwap(LiveRequest& request) noexcept;
  // Lets others have what its pages hold: whole ones, with `partial` the rest
  // too. Nothing without memory for that, or while its pages are on their way:
  // the step that brings them may fail.
  void Publish(LiveRequest& request, bool partial) noexcept;
  void PublishPages(const std::string& domain, std::span<const int32_t> tokens,
                    bool partial, cache::PageTable& table,
                    uint64_t owner) noexcept;

  bool empty() const { return requests_.empty(); }
  int32_t queued() const { return queued_; }  // not admitted
  int64_t queued_tokens() const { return queued_tokens_; }
  const Requests& requests() const { return requests_; }
  cache::PageCache& pages() { return pages_; }
  const cache::PageCache& pages() const { return pages_; }
  SwapSpace& swap() { return swap_; }
  const SwapSpace& swap() const { return swap_; }
  Tenants& tenants() { return tenants_; }
  EngineStats& counters() { return counters_; }
  const EngineStats& counters() const { return counters_; }
  EngineHistograms& histograms() { return histograms_; }
  const EngineHistograms& histograms() const { return histograms_; }
  EventQueue& events() { return *events_; }
  int64_t NowNs() const { return clock_->NowNs(); }

 private:
  void Enter(LiveRequest& request);
  void FlushText(LiveRequest& request) noexcept;
  void Remove(LiveRequest& request, EventKind kind, FinishReason reason,
              Status status) noexcept;
  void Count(EventKind kind, FinishReason reason, const Usage& usage) noexcept;
  void CloseSession(LiveRequest& request, EventKind kind) noexcept;
  void CancelOne(LiveRequest& request, bool drop) noexcept;
  void ChangeQueued(const LiveRequest& request, int sign) noexcept;

  // Choices (book_choices.cc).
  void EndChoice(LiveRequest& request, EventKind kind, FinishReason reason,
                 Status status) noexcept;
  void KeepAnswer(LiveRequest& request, FinishReason reason) noexcept;
  void EndGroup(ChoiceGroup& group) noexcept;
  void PublishAnswers(ChoiceGroup& group);

  Requests requests_;  // ascending ids are the order of arrival
  std::map<uint64_t, std::unique_ptr<ChoiceGroup>> groups_;
  cache::PageCache pages_;
  SwapSpace swap_;
  Tenants tenants_;
  EventQueue* const events_;
  const Clock* const clock_;
  EngineStats counters_;
  EngineHistograms histograms_;
  int32_t queued_ = 0;
  int64_t queued_tokens_ = 0;
  uint64_t admissions_ = 0;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_BOOK_H_
