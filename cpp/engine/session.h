// The handle of a conversation.
#ifndef INLAY_ENGINE_SESSION_H_
#define INLAY_ENGINE_SESSION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "cpp/engine/engine_impl.h"
#include "cpp/engine/session_state.h"

namespace inlay::engine {

class SessionImpl final : public Session {
 public:
  // `state` has been counted in its domain.
  SessionImpl(std::shared_ptr<EngineImpl> engine,
              std::shared_ptr<SessionState> state)
      : engine_(std::move(engine)), state_(std::move(state)) {}
  ~SessionImpl() override { engine_->LeaveSession(*state_); }

  std::vector<int32_t> tokens() const override;
  bool busy() const override;
  StatusOr<std::shared_ptr<Session>> Fork() override;
  Status Truncate(int32_t count) override;
  Status Save(const Write& write) override;

  const EngineImpl* engine() const { return engine_.get(); }
  const std::shared_ptr<SessionState>& state() const { return state_; }

 private:
  const std::shared_ptr<EngineImpl> engine_;
  const std::shared_ptr<SessionState> state_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_SESSION_H_
