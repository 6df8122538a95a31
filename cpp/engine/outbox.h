// The events of one request that its consumer has not taken yet.
#ifndef INLAY_ENGINE_OUTBOX_H_
#define INLAY_ENGINE_OUTBOX_H_

#include <cstdint>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "cpp/engine/request.h"

namespace inlay::engine {

// What one step adds to a request's output.
struct DeltaPart {
  int32_t token = -1;
  std::string_view text;
  bool has_logprobs = false;
  float logprob = 0.0f;
  std::vector<sampling::TokenLogprob>* top = nullptr;
};

// What the events of a box say of whose they are.
struct EventOwner {
  uint64_t request_id = 0;
  uint64_t user_data = 0;
  int32_t choice = 0;
};

// One slot for each kind of event, so that memory stays bounded however slow
// the consumer is: a later delta merges into the one that waits. Slots leave
// in the order in which their events arise: started, progress, prompt,
// delta, and the one that ends the box. Belongs to an EventQueue, whose lock
// guards it.
class Outbox {
 public:
  Outbox(uint64_t id, const EventOwner& owner, std::shared_ptr<EventSink> sink)
      : id_(id), owner_(owner), sink_(std::move(sink)) {}

  uint64_t id() const { return id_; }
  // Null: the events wait here until they are taken.
  EventSink* sink() const { return sink_.get(); }
  // Deltas merged into the waiting one.
  int32_t merged() const { return merged_; }
  bool ended() const { return ended_; }
  bool empty() const { return waiting() == 0; }
  int waiting() const {
    return int{started_} + int{progress_} + int{scored_} +
           int{merged_ > 0 || tail_} + int{terminal_};
  }

  void SetStarted() { started_ = true; }
  void SetProgress(int32_t done, int32_t total);
  void SetPrompt(Event&& prompt);
  void AddDelta(const DeltaPart& part);
  // Text without a token: what was held back when the request ended.
  void AddText(std::string_view text);
  // Everything at once; no delta came before.
  void SetWhole(Event&& answer);
  // Forgets everything but a terminal event.
  void Drop();
  // The last event: terminal, or kChoice. Allocates nothing.
  void SetTerminal(EventKind kind, FinishReason reason, Status status,
                   const Usage& usage, double score);
  // The next event; not empty() before. True if it was the last one.
  bool Take(Event* event);

 private:
  void Label(Event* event) const;
  Event Make(EventKind kind) const;

  const uint64_t id_;
  const EventOwner owner_;
  const std::shared_ptr<EventSink> sink_;
  bool started_ = false;
  bool progress_ = false;
  bool scored_ = false;  // prompt_ waits
  bool tail_ = false;
  bool terminal_ = false;
  bool ended_ = false;
  int32_t merged_ = 0;
  int32_t done_ = 0, total_ = 0;
  Event prompt_;
  Event delta_;
  EventKind last_kind_ = EventKind::kFinished;
  FinishReason reason_ = FinishReason::kNone;
  Status status_;
  Usage usage_;
  double score_ = 0;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_OUTBOX_H_
