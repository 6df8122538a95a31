// Events of the core as inlay_event.
#ifndef INLAY_CAPI_SRC_EVENT_RECORD_H_
#define INLAY_CAPI_SRC_EVENT_RECORD_H_

#include <inlay/inlay.h>

#include <string>
#include <vector>

#include "cpp/engine/request.h"

namespace inlay::capi {

// What an inlay_event points to and an engine::Event does not hold as it is.
struct EventExtra {
  std::string message;
  std::vector<int32_t> top_tokens;
  std::vector<float> top_logprobs;
};

// Never throws: without memory for `extra`, message and top log-probabilities
// are left out, but the event itself is never lost. The result points into
// `event` and `extra`.
inlay_event ToRecord(const engine::Event& event, void* user_data,
                     EventExtra* extra) noexcept;

void AddUsage(const engine::Usage& usage, inlay_event* record) noexcept;

// The events of one poll, with everything they point to.
class EventBatch {
 public:
  // Room for `capacity` events, so that Add cannot fail.
  void Reserve(size_t capacity);
  void Clear() noexcept;
  void Add(engine::Event&& event) noexcept;
  size_t size() const { return events_.size(); }
  const engine::Event& event(size_t i) const { return events_[i]; }
  EventExtra* extra(size_t i) { return &extras_[i]; }

 private:
  std::vector<engine::Event> events_;
  std::vector<EventExtra> extras_;
};

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_EVENT_RECORD_H_
