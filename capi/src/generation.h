// The events of one request gathered into its answers.
#ifndef INLAY_CAPI_SRC_GENERATION_H_
#define INLAY_CAPI_SRC_GENERATION_H_

#include <inlay/inlay.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "capi/src/event_record.h"
#include "capi/src/handle.h"
#include "cpp/base/mutex.h"
#include "cpp/engine/request.h"

namespace inlay::capi {

struct GenerationTraits {
  static constexpr uint64_t kTag = 0x696e6c617947656e;  // "inlayGen"
  static constexpr std::string_view kName = "inlay_generation";
};

// What a request gave; belongs to whoever waited for it.
struct Answers {
  engine::Event end;                   // the terminal event
  std::vector<engine::Event> choices;  // each as one kChoice event
  engine::Event prompt;
  bool has_prompt = false;
};

// Thread-safe: the engine fills it while one caller waits.
class Generation final : public engine::EventSink {
 public:
  // `choices` >= 1.
  explicit Generation(size_t choices) { answers_.choices.resize(choices); }

  // An answer that cannot be kept makes failed() true.
  void OnEvent(engine::Event&& event) noexcept override;
  // Waits at most `timeout_ns` (< 0: for ever); true once it has ended.
  bool WaitForEnd(int64_t timeout_ns);
  // Out of memory while gathering.
  bool failed();
  // After the end, once.
  Answers Take();

 private:
  void Append(engine::Event& event) INLAY_REQUIRES(mutex_);
  void End(engine::Event& event) noexcept INLAY_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar ended_;
  Answers answers_ INLAY_GUARDED_BY(mutex_);
  bool done_ INLAY_GUARDED_BY(mutex_) = false;
  bool failed_ INLAY_GUARDED_BY(mutex_) = false;
};

}  // namespace inlay::capi

struct inlay_generation : inlay::capi::Handle<inlay::capi::GenerationTraits> {
  // Makes the records of `given`, for the host's `user_data`.
  inlay_generation(inlay::capi::Answers given, void* user_data);

  const inlay::capi::Answers answers;
  // These point into `answers` and `extras`.
  std::vector<inlay::capi::EventExtra> extras;
  std::vector<inlay_event> choices;
  inlay_event whole;
  inlay_event prompt;
};

#endif  // INLAY_CAPI_SRC_GENERATION_H_
