// The events of one request gathered into one answer.
#ifndef INLAY_CAPI_SRC_GENERATION_H_
#define INLAY_CAPI_SRC_GENERATION_H_

#include <inlay/inlay.h>

#include "capi/src/event_record.h"
#include "capi/src/handle.h"
#include "cpp/engine/request.h"

namespace inlay::capi {

struct GenerationTraits {
  static constexpr uint64_t kTag = 0x696e6c617947656e;  // "inlayGen"
  static constexpr std::string_view kName = "inlay_generation";
};

// Not thread-safe; the event hub's lock guards it until it is done.
class Generation {
 public:
  // Never throws: an answer that cannot be kept makes failed() true.
  void Append(const engine::Event& event) noexcept;
  bool done() const { return done_; }
  // Out of memory while gathering.
  bool failed() const { return failed_; }
  const engine::Event& whole() const { return whole_; }
  engine::Event Take() { return std::move(whole_); }

 private:
  engine::Event whole_;
  bool done_ = false;
  bool failed_ = false;
};

}  // namespace inlay::capi

struct inlay_generation : inlay::capi::Handle<inlay::capi::GenerationTraits> {
  inlay::engine::Event whole;
  inlay::capi::EventExtra extra;
  // Points into the two above.
  inlay_event record;
};

#endif  // INLAY_CAPI_SRC_GENERATION_H_
