// The engine behind engine.h: threads, states and the calls of the host.
#ifndef INLAY_ENGINE_ENGINE_IMPL_H_
#define INLAY_ENGINE_ENGINE_IMPL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "cpp/base/mutex.h"
#include "cpp/engine/book.h"
#include "cpp/engine/delivery.h"
#include "cpp/engine/engine.h"
#include "cpp/engine/event_queue.h"
#include "cpp/engine/prepare.h"
#include "cpp/engine/stepper.h"
#include "cpp/engine/work_signal.h"

namespace inlay::engine {

// Locks, in the order in which they are taken: step_mutex_ (one step at a
// time), mutex_ (requests and states), the event queue's own. No lock is held
// while a backend computes, except step_mutex_, or while the host is called.
class EngineImpl final : public Engine {
 public:
  EngineImpl(std::shared_ptr<Model> model, const EngineOptions& options,
             EngineConfig config, std::unique_ptr<backend::Executor> executor);
  ~EngineImpl() override;
  // Starts the threads that the options ask for.
  Status Start();

  StatusOr<uint64_t> Submit(Request request) override;
  Status Cancel(uint64_t id, CancelMode mode) override;
  StatusOr<RequestState> GetRequestState(uint64_t id) override;
  StatusOr<std::vector<Event>> Poll(size_t max, int64_t timeout_ns) override;
  void Wake() override { events_->Wake(); }
  StatusOr<int> WaitHandle() override { return events_->Handle(); }
  StatusOr<bool> Step() override;
  Status Close(CloseMode mode, int64_t timeout_ns) override;
  EngineState state() const override;
  EngineStats stats() const override;
  const EngineConfig& config() const override { return config_; }
  const std::shared_ptr<Model>& model() const override { return model_; }
  bool InCallback() const override;
  Status Score(std::vector<int32_t> tokens, float* logits) override;

 private:
  // What the step thread does next.
  enum class Next { kStep, kWait, kEnd };

  // Everything a step can do wrong ends here; never throws.
  Next RunStep() noexcept INLAY_EXCLUDES(step_mutex_, mutex_);
  Next AfterStep(const StatusOr<bool>& ran) INLAY_EXCLUDES(mutex_);
  void MarkFailed(const Status& status) noexcept INLAY_EXCLUDES(mutex_);
  void StepLoop() noexcept;
  int64_t IdleTimeout() INLAY_EXCLUDES(mutex_);

  Status Refusal() const INLAY_REQUIRES(mutex_);
  bool Idle() const INLAY_REQUIRES(mutex_);
  Status CheckScore(const std::vector<int32_t>& tokens, const float* logits);
  void WaitForScore(const ScoreJob& job) INLAY_EXCLUDES(mutex_);

  // The parts of Close, in order.
  Status BeginClose(CloseMode mode) INLAY_EXCLUDES(mutex_);
  bool Drain(int64_t timeout_ns) INLAY_EXCLUDES(mutex_);
  bool DrainByStepping(int64_t timeout_ns) INLAY_EXCLUDES(mutex_);
  void CancelEverything() INLAY_EXCLUDES(mutex_);
  void StopThreads() INLAY_EXCLUDES(mutex_);

  const std::shared_ptr<Model> model_;
  const EngineConfig config_;
  const RequestLimits limits_;
  const bool host_driven_;
  const bool virtual_clock_;
  const Delivery::Callback on_events_;
  const std::shared_ptr<EventQueue> events_;
  const std::shared_ptr<WorkSignal> signal_;

  Mutex step_mutex_;
  mutable Mutex mutex_;
  CondVar changed_;  // of what mutex_ guards: states, the last request's end
  Book book_ INLAY_GUARDED_BY(mutex_);
  Stepper stepper_;  // Run under step_mutex_, the rest under mutex_
  EngineState state_ INLAY_GUARDED_BY(mutex_) = EngineState::kRunning;
  Status failure_ INLAY_GUARDED_BY(mutex_);
  int failed_steps_ INLAY_GUARDED_BY(mutex_) = 0;  // in a row
  bool cancelling_ INLAY_GUARDED_BY(mutex_) = false;
  bool stopping_ INLAY_GUARDED_BY(mutex_) = false;
  bool joining_ INLAY_GUARDED_BY(mutex_) = false;
  std::atomic<bool> polling_{false};

  std::thread thread_;
  std::unique_ptr<Delivery> delivery_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_ENGINE_IMPL_H_
