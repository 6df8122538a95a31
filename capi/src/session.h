// The handle of a session.
#ifndef INLAY_CAPI_SRC_SESSION_H_
#define INLAY_CAPI_SRC_SESSION_H_

#include <inlay/inlay.h>

#include <memory>

#include "capi/src/handle.h"
#include "cpp/engine/engine.h"

namespace inlay::capi {

struct SessionTraits {
  static constexpr uint64_t kTag = 0x696e6c6179536573;  // "inlaySes"
  static constexpr std::string_view kName = "inlay_session";
};

}  // namespace inlay::capi

struct inlay_session : inlay::capi::Handle<inlay::capi::SessionTraits> {
  std::shared_ptr<inlay::engine::Session> core;
  // Weak: the session keeps the engine's memory by itself, and an engine that
  // the host gave back must not go on because of it.
  std::weak_ptr<inlay::engine::Engine> engine;

  bool BelongsTo(
      const std::shared_ptr<inlay::engine::Engine>& other) const noexcept {
    return !engine.owner_before(other) && !other.owner_before(engine);
  }
};

namespace inlay::capi {

// CheckHandle, and WOULD_DEADLOCK inside the callback of its engine.
Outcome CheckBlocking(const inlay_session* session);

// A handle of a session of `engine`.
inlay_session* MakeSession(std::shared_ptr<engine::Session> core,
                           const std::weak_ptr<engine::Engine>& engine);

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_SESSION_H_
