// Running steps: on the step thread, or when the host asks.
#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "cpp/engine/engine_impl.h"

namespace inlay::engine {
namespace {

// A step may fail for a moment (memory is short). After so many failures in a
// row one request is given up; after each, the step thread waits: the first
// entry once a request was given up, the others after that many failures.
constexpr int64_t kRetryNs[] = {100'000'000, 1'000'000, 10'000'000};
constexpr size_t kMaxFailedSteps = std::size(kRetryNs);

bool MayPass(const Status& status) {
  return status.code() == absl::StatusCode::kResourceExhausted ||
         status.code() == absl::StatusCode::kUnavailable;
}

}  // namespace

EngineImpl::Next EngineImpl::RunStep() noexcept {
  MutexLock one(step_mutex_);
  {
    MutexLock lock(mutex_);
    if (stopping_ || state_ == EngineState::kClosed) return Next::kEnd;
    if (state_ == EngineState::kFailed) return Next::kWait;
  }
  StatusOr<bool> ran = false;
  try {
    ran = stepper_.Run();
  } catch (const std::bad_alloc&) {
    // As it was before the step, so it may be tried again.
    ran = Status(absl::StatusCode::kResourceExhausted, "");
  } catch (...) {
    ran = Status(absl::StatusCode::kInternal, "");
  }
  return AfterStep(ran);
}

EngineImpl::Next EngineImpl::AfterStep(const StatusOr<bool>& ran) {
  {
    MutexLock lock(mutex_);
    if (ran.ok()) {
      failed_steps_ = 0;
      // A score, or the last request that a close waits for, may have ended.
      changed_.NotifyAll();
      return *ran ? Next::kStep : Next::kWait;
    }
    if (MayPass(ran.status())) {
      failed_steps_ = (failed_steps_ + 1) % kMaxFailedSteps;
      if (failed_steps_ > 0 || stepper_.DropNewest(ran.status())) {
        changed_.NotifyAll();
        return host_driven_ ? Next::kStep : Next::kRetry;
      }
    }
  }
  MarkFailed(ran.status());
  return Next::kWait;
}

void EngineImpl::MarkFailed(const Status& status) noexcept {
  {
    MutexLock lock(mutex_);
    state_ = EngineState::kFailed;
    failure_ = status;
    book_.FailAll(status);
    stepper_.AbortJobs(status);
    changed_.NotifyAll();
  }
  events_->EndOfEvents();
  try {
    model_->context()->log().Write(LogLevel::kError, status.ToString());
  } catch (...) {
    // The events carry the status too.
  }
}

int64_t EngineImpl::IdleTimeout() {
  MutexLock lock(mutex_);
  const int64_t next = stepper_.NextExpiry();
  if (next == kNever) return -1;
  const int64_t left = std::max<int64_t>(0, next - book_.NowNs());
  // Another clock than the system's may jump, so look often.
  constexpr int64_t kLook = 1'000'000;
  return virtual_clock_ ? kLook : left;
}

// Not longer than until a close cancels, after which nothing needs memory.
void EngineImpl::AwaitRetry() noexcept {
  const Clock& clock = Clock::Monotonic();
  MutexLock lock(mutex_);
  const int64_t end = clock.NowNs() + kRetryNs[failed_steps_];
  while (!stopping_ && !cancelling_) {
    const int64_t left = end - clock.NowNs();
    if (left <= 0) return;
    changed_.WaitFor(mutex_, left);
  }
}

void EngineImpl::StepLoop() noexcept {
  while (true) {
    // Read before looking for work, so that work that comes after is seen.
    const uint64_t seen = signal_->epoch();
    switch (RunStep()) {
      case Next::kStep:
        break;
      case Next::kRetry:
        AwaitRetry();
        break;
      case Next::kWait:
        signal_->Wait(seen, IdleTimeout());
        break;
      case Next::kEnd:
        return;
    }
  }
}

StatusOr<bool> EngineImpl::Step() {
  if (InCallback()) return absl::AbortedError("Step inside a callback");
  if (!host_driven_) {
    return absl::FailedPreconditionError("the engine steps by itself");
  }
  {
    MutexLock lock(mutex_);
    if (state_ != EngineState::kDraining) INLAY_RETURN_IF_ERROR(Refusal());
  }
  const Next next = RunStep();
  MutexLock lock(mutex_);
  if (state_ == EngineState::kFailed) return Refusal();
  return next == Next::kStep;
}

}  // namespace inlay::engine
