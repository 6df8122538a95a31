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

// One slot for each kind of event, so that memory stays bounded however slow
// the consumer is: a later delta merges into the one that waits. Slots leave
// in the order in which their events arise: started, progress, delta,
// terminal. Belongs to an EventQueue, whose lock guards it.
class Outbox {
 public:
  Outbox(uint64_t id, uint64_t user_data, std::shared_ptr<EventSink> sink)
      : id_(id), user_data_(user_data), sink_(std::move(sink)) {}

  uint64_t id() const { return id_; }
  // Null: the events wait here until they are taken.
  EventSink* sink() const { return sink_.get(); }
  // Deltas merged into the waiting one.
  int32_t merged() const { return merged_; }
  bool ended() const { return ended_; }
  bool empty() const { return waiting() == 0; }
  int waiting() const {
    return int{started_} + int{progress_} + int{merged_ > 0 || tail_} +
           int{terminal_};
  }

  void SetStarted() { started_ = true; }
  void SetProgress(int32_t done, int32_t total);
  void AddDelta(const DeltaPart& part);
  // Text without a token: what was held back when the request ended.
  void AddText(std::string_view text);
  // Forgets everything but a terminal event.
  void Drop();
  // Allocates nothing.
  void SetTerminal(EventKind kind, FinishReason reason, Status status,
                   const Usage& usage);
  // The next event; not empty() before. True if it was the terminal one.
  bool Take(Event* event);

 private:
  Event Make(EventKind kind) const;

  const uint64_t id_;
  const uint64_t user_data_;
  const std::shared_ptr<EventSink> sink_;
  bool started_ = false;
  bool progress_ = false;
  bool tail_ = false;
  bool terminal_ = false;
  bool ended_ = false;
  int32_t merged_ = 0;
  int32_t done_ = 0, total_ = 0;
  Event delta_;
  EventKind last_kind_ = EventKind::kFinished;
  FinishReason reason_ = FinishReason::kNone;
  Status status_;
  Usage usage_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_OUTBOX_H_
