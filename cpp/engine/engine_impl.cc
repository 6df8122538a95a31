#include "cpp/engine/engine_impl.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/os_thread.h"
#include "cpp/engine/memory_choice.h"
#include "cpp/scheduler/fcfs.h"

namespace inlay::engine {
namespace {

RequestLimits LimitsOf(const Model& model, const EngineConfig& config) {
  return {.vocabulary_size = model.plan()->vocabulary_size,
          .context_length = config.context_length,
          .tokenizer = model.tokenizer(),
          .tokenizer_status = model.tokenizer_status()};
}

scheduler::Limits SchedulerLimits(const EngineConfig& config) {
  return {.max_concurrency = config.max_concurrency,
          .max_step_tokens = config.max_step_tokens,
          .page_tokens = config.page_tokens};
}

int32_t MaxPending(const EngineOptions& options) {
  return options.max_pending_events > 0 ? options.max_pending_events
                                        : kDefaultPendingEvents;
}

const Clock* ClockOf(const EngineOptions& options) {
  return options.clock != nullptr ? options.clock : &Clock::Monotonic();
}

}  // namespace

EngineImpl::EngineImpl(std::shared_ptr<Model> model,
                       const EngineOptions& options, EngineConfig config,
                       std::unique_ptr<backend::Executor> executor)
    : model_(std::move(model)),
      config_(std::move(config)),
      limits_(LimitsOf(*model_, config_)),
      host_driven_(options.host_driven),
      virtual_clock_(options.clock != nullptr),
      on_events_(options.on_events),
      events_(std::make_shared<EventQueue>(MaxPending(options))),
      signal_(std::make_shared<WorkSignal>()),
      book_(events_.get(), ClockOf(options), config_.page_count),
      stepper_(&mutex_, &book_, std::move(executor),
               std::make_unique<scheduler::FcfsPolicy>(),
               SchedulerLimits(config_), model_->plan()->vocabulary_size,
               ExecutorOptionsFor(config_).max_logits_rows) {}

Status EngineImpl::Start() {
  if (on_events_) {
    INLAY_ASSIGN_OR_RETURN(delivery_,
                           Delivery::Start(events_, signal_, on_events_,
                                           model_->context()->log()));
  }
  if (host_driven_) return OkStatus();
  try {
    const ScopedSignalBlock no_signals;  // the host's handlers stay its own
    thread_ = std::thread([this] { StepLoop(); });
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no thread for steps: ", error.what()));
  }
  return OkStatus();
}

bool EngineImpl::InCallback() const {
  return delivery_ != nullptr && delivery_->OnThisThread();
}

bool EngineImpl::Idle() const {
  return book_.empty() && stepper_.score() == nullptr;
}

Status EngineImpl::Refusal() const {
  switch (state_) {
    case EngineState::kRunning:
      return OkStatus();
    case EngineState::kDraining:
      return absl::FailedPreconditionError("the engine is closing");
    case EngineState::kClosed:
      return absl::FailedPreconditionError("the engine is closed");
    case EngineState::kFailed:
      break;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("the engine failed: ", failure_.message()));
}

StatusOr<uint64_t> EngineImpl::Submit(Request request) {
  // Tokenising takes time and needs no lock.
  INLAY_ASSIGN_OR_RETURN(std::unique_ptr<LiveRequest> live,
                         PrepareRequest(limits_, std::move(request)));
  uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    INLAY_RETURN_IF_ERROR(Refusal());
    if (book_.queued() >= config_.max_queue) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "the queue holds ", config_.max_queue, " waiting requests"));
    }
    id = live->id = NextRequestId();
    book_.Add(std::move(live));
  }
  signal_->Notify();
  return id;
}

Status EngineImpl::Cancel(uint64_t id, CancelMode mode) {
  if (mode != CancelMode::kStop && mode != CancelMode::kDrop) {
    return absl::InvalidArgumentError("unknown cancel mode");
  }
  {
    MutexLock lock(mutex_);
    LiveRequest* request = book_.Find(id);
    if (request == nullptr) {
      return absl::NotFoundError(
          absl::StrCat("request ", id, " is unknown or has ended"));
    }
    book_.Cancel(*request, mode == CancelMode::kDrop);
    if (Idle()) changed_.NotifyAll();
  }
  // Its pages may let another one in.
  signal_->Notify();
  return OkStatus();
}

StatusOr<RequestState> EngineImpl::GetRequestState(uint64_t id) {
  MutexLock lock(mutex_);
  if (const LiveRequest* request = book_.Find(id)) {
    return request->started ? RequestState::kRunning : RequestState::kQueued;
  }
  if (events_->Contains(id)) return RequestState::kFinished;
  return absl::NotFoundError(absl::StrCat(
      "request ", id, " is unknown, or its end was already reported"));
}

StatusOr<std::vector<Event>> EngineImpl::Poll(size_t max, int64_t timeout_ns) {
  if (InCallback()) return absl::AbortedError("Poll inside a callback");
  if (on_events_) {
    return absl::FailedPreconditionError("events go to the callback");
  }
  if (max == 0) return absl::InvalidArgumentError("room for no event");
  if (polling_.exchange(true)) {
    return absl::FailedPreconditionError("Poll takes one caller at a time");
  }
  std::vector<Event> out;
  bool room = true;
  try {
    events_->Wait(timeout_ns);
    room = events_->Take(max, &out);
  } catch (...) {
    polling_.store(false);
    // What was taken is delivered; the rest still waits.
    if (out.empty()) throw;
  }
  polling_.store(false);
  if (room) signal_->Notify();  // a paused request may go on
  if (out.empty() && events_->AtEnd()) {
    return absl::FailedPreconditionError(
        "the engine has ended and all its events were read");
  }
  return out;
}

EngineState EngineImpl::state() const {
  MutexLock lock(mutex_);
  return state_;
}

EngineStats EngineImpl::stats() const {
  MutexLock lock(mutex_);
  EngineStats stats = book_.counters();
  stats.queued = book_.queued();
  stats.running = static_cast<int32_t>(book_.requests().size()) - stats.queued;
  stats.pages_total = book_.pool().page_count();
  stats.pages_used = book_.pool().used_count();
  stats.events_pending = events_->pending();
  stats.memory_used_bytes = model_->context()->memory()->used_bytes();
  stats.memory_peak_bytes = model_->context()->memory()->peak_bytes();
  return stats;
}

}  // namespace inlay::engine
