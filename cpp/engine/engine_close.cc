// The end of an engine.
#include <algorithm>
#include <new>
#include <utility>

#include "cpp/engine/engine_impl.h"

namespace inlay::engine {

EngineImpl::~EngineImpl() { Release(); }

void EngineImpl::Release() noexcept {
  if (released_) return;
  if (!InCallback()) {
    // Cannot fail: nothing is drained, and this is not the delivery thread.
    [[maybe_unused]] const Status closed = Close(CloseMode::kCancel, 0);
    return;
  }
  // The last reference was released inside a callback, which cannot wait for
  // its own thread; the context joins it.
  released_ = true;
  CancelEverything();
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  signal_->Notify();
  if (thread_.joinable()) thread_.join();
  {
    MutexLock lock(mutex_);
    state_ = EngineState::kClosed;
    changed_.NotifyAll();
  }
  model_->context()->JoinLater(delivery_->Abandon());
}

Status EngineImpl::Close(CloseMode mode, int64_t timeout_ns) {
  if (InCallback()) return absl::AbortedError("Close inside a callback");
  if (mode != CloseMode::kDrain && mode != CloseMode::kCancel) {
    return absl::InvalidArgumentError("unknown close mode");
  }
  {
    MutexLock lock(mutex_);
    if (state_ == EngineState::kClosed) return OkStatus();
    if (state_ == EngineState::kRunning) state_ = EngineState::kDraining;
    stepper_.SetDraining();
  }
  signal_->Notify();
  const bool drained = mode == CloseMode::kCancel || Drain(timeout_ns);
  CancelEverything();
  StopThreads();
  if (drained) return OkStatus();
  return absl::DeadlineExceededError(
      "not all requests ended in time; the rest was cancelled");
}

bool EngineImpl::Drain(int64_t timeout_ns) {
  if (host_driven_) return DrainByStepping(timeout_ns);
  const Clock& clock = Clock::Monotonic();
  const int64_t start = clock.NowNs();
  MutexLock lock(mutex_);
  while (!Idle() && !cancelling_) {
    int64_t left = -1;
    if (timeout_ns >= 0) {
      left = timeout_ns - (clock.NowNs() - start);
      if (left <= 0) break;
    }
    changed_.WaitFor(mutex_, left);
  }
  return Idle();
}

bool EngineImpl::DrainByStepping(int64_t timeout_ns) {
  const Clock& clock = Clock::Monotonic();
  const int64_t start = clock.NowNs();
  while (timeout_ns < 0 || clock.NowNs() - start < timeout_ns) {
    {
      MutexLock lock(mutex_);
      if (Idle() || cancelling_) break;
    }
    if (RunStep() != Next::kStep) break;
  }
  MutexLock lock(mutex_);
  return Idle();
}

// Afterwards only what the step in flight computes is left; it ends with it.
void EngineImpl::CancelEverything() {
  // Without its text where memory is short: a destructor must not throw.
  Status why(absl::StatusCode::kCancelled, "");
  try {
    why = absl::CancelledError("the engine is closing");
  } catch (const std::bad_alloc&) {
  }
  {
    MutexLock lock(mutex_);
    cancelling_ = true;
    book_.CancelAll();
    stepper_.StopScore(why);
    stepper_.StopEmbeds(why);
    stepper_.StopTransfer(why);
    changed_.NotifyAll();
  }
  signal_->Notify();
}

void EngineImpl::StopThreads() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    while (joining_ && state_ != EngineState::kClosed) changed_.Wait(mutex_);
    if (state_ == EngineState::kClosed) return;
    joining_ = true;
  }
  signal_->Notify();
  if (thread_.joinable()) thread_.join();
  {
    // Host-driven: a step that another thread runs ends first.
    MutexLock one(step_mutex_);
    events_->EndOfEvents();
  }
  if (delivery_ != nullptr) delivery_->Join();
  MutexLock lock(mutex_);
  state_ = EngineState::kClosed;
  changed_.NotifyAll();
}

}  // namespace inlay::engine
