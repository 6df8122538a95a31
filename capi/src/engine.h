// The handle of an engine.
#ifndef INLAY_CAPI_SRC_ENGINE_H_
#define INLAY_CAPI_SRC_ENGINE_H_

#include <inlay/inlay.h>

#include <atomic>
#include <memory>

#include "capi/src/breakers.h"
#include "capi/src/event_hub.h"
#include "capi/src/handle.h"
#include "cpp/engine/engine.h"

namespace inlay::capi {

struct EngineTraits {
  static constexpr uint64_t kTag = 0x696e6c6179456e67;  // "inlayEng"
  static constexpr std::string_view kName = "inlay_engine";
};

}  // namespace inlay::capi

struct inlay_engine : inlay::capi::Handle<inlay::capi::EngineTraits> {
  std::shared_ptr<inlay::engine::Engine> core;
  std::shared_ptr<inlay::capi::EventHub> hub;
  bool host_driven = false;
  // What the last poll returned; whoever set `polling` owns it.
  inlay::capi::EventBatch batch;
  std::atomic<bool> polling{false};
  std::atomic<bool> stepping{false};
  inlay::capi::BreakerCache breakers;
};

namespace inlay::capi {

// Holds a flag that one caller at a time may have.
class TryFlag {
 public:
  explicit TryFlag(std::atomic<bool>* flag)
      : flag_(flag), held_(!flag->exchange(true)) {}
  ~TryFlag() {
    if (held_) flag_->store(false);
  }
  TryFlag(const TryFlag&) = delete;
  TryFlag& operator=(const TryFlag&) = delete;
  bool held() const { return held_; }

 private:
  std::atomic<bool>* const flag_;
  const bool held_;
};

// CheckHandle, and WOULD_DEADLOCK inside the engine's own callback.
Outcome CheckBlocking(const inlay_engine* engine);

// The caller's options (null: defaults) to the core's.
Outcome ReadEngineOptions(const inlay_engine_options* given,
                          inlay_engine_options* copy,
                          engine::EngineOptions* out);

// The caller's request to the core's; user_data, sink and the logits hook are
// left alone.
Outcome ReadRequest(inlay_engine* engine, const inlay_request* given,
                    inlay_request* copy, engine::Request* out);
// The part of it about sampling.
Outcome ReadSampling(inlay_engine* engine, const inlay_request& given,
                     sampling::SamplingParams* out);

// Submits a request that was read from `copy`.
Outcome Submit(inlay_engine* engine, const inlay_request& copy,
               engine::Request request, uint64_t* out_id,
               std::shared_ptr<RequestRecord>* out_record);

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_ENGINE_H_
