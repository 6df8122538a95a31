#include "cpp/engine/engine_impl.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/os_thread.h"
#include "cpp/engine/memory_choice.h"

namespace inlay::engine {
namespace {

RequestLimits LimitsOf(const Model& model, const EngineConfig& config) {
  const model::Plan& plan = *model.plan();
  return {.vocabulary_size = model.plan()->vocabulary_size,
          .context_length = config.context_length,
          .tokenizer = model.tokenizer(),
          .tokenizer_status = model.tokenizer_status(),
          .page_tokens = config.page_tokens,
          .page_count = config.page_count,
          .max_concurrency = config.max_concurrency,
          .encoder_length =
              std::min(plan.encoder_context_length, config.max_step_tokens),
          .decoder_length = plan.context_length - plan.encoder_context_length,
          .decoder_start = plan.decoder_start};
}

StepperOptions StepOptions(const Model& model, const EngineConfig& config,
                           const EngineOptions& options) {
  StepperOptions step;
  step.policy = options.policy;
  step.vocabulary_size = model.plan()->vocabulary_size;
  step.pause_timeout_ns = options.pause_timeout_ns != 0
                              ? options.pause_timeout_ns
                              : kDefaultPauseTimeoutNs;
  step.limits = {
      .max_concurrency = config.max_concurrency,
      .max_step_tokens = config.max_step_tokens,
      .max_logits_rows = ExecutorOptionsFor(config).max_logits_rows,
      .page_tokens = config.page_tokens,
      .batching = options.batching,
      .stall_factor =
          options.stall_factor > 0 ? options.stall_factor : kDefaultStallFactor,
      .ageing_ns = options.ageing_ns > 0 ? options.ageing_ns : kDefaultAgeingNs,
      .starvation_ns = options.starvation_ns > 0 ? options.starvation_ns
                                                 : kDefaultStarvationNs};
  return step;
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
                       std::unique_ptr<backend::Executor> executor,
                       SwapSpace swap)
    : model_(std::move(model)),
      config_(std::move(config)),
      limits_(LimitsOf(*model_, config_)),
      host_driven_(options.host_driven),
      virtual_clock_(options.clock != nullptr),
      prefix_cache_(options.prefix_cache),
      max_queue_tokens_(options.max_queue_tokens > 0 ? options.max_queue_tokens
                                                     : kDefaultQueueTokens),
      on_events_(options.on_events),
      events_(std::make_shared<EventQueue>(MaxPending(options))),
      signal_(std::make_shared<WorkSignal>()),
      book_(events_.get(), ClockOf(options), config_.page_count,
            config_.page_tokens, std::move(swap)),
      stepper_(&mutex_, &book_, ClockOf(options), std::move(executor),
               StepOptions(*model_, config_, options)) {}

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
  return book_.empty() && stepper_.score() == nullptr && !stepper_.embeds() &&
         stepper_.transfer() == nullptr;
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

Status EngineImpl::Cancel(uint64_t id, CancelMode mode) {
  if (mode != CancelMode::kStop && mode != CancelMode::kDrop) {
    return absl::InvalidArgumentError("unknown cancel mode");
  }
  {
    MutexLock lock(mutex_);
    if (!book_.Cancel(id, mode == CancelMode::kDrop)) {
      return absl::NotFoundError(
          absl::StrCat("request ", id, " is unknown or has ended"));
    }
    if (Idle()) changed_.NotifyAll();
  }
  // Its pages may let another one in.
  signal_->Notify();
  return OkStatus();
}

StatusOr<RequestState> EngineImpl::GetRequestState(uint64_t id) {
  MutexLock lock(mutex_);
  if (book_.Contains(id)) {
    return book_.Started(id) ? RequestState::kRunning : RequestState::kQueued;
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

}  // namespace inlay::engine
