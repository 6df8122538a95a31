// The engine behind engine.h: threads, states and the calls of the host.
#ifndef INLAY_ENGINE_ENGINE_IMPL_H_
#define INLAY_ENGINE_ENGINE_IMPL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "cpp/base/mutex.h"
#include "cpp/engine/book.h"
#include "cpp/engine/delivery.h"
#include "cpp/engine/engine.h"
#include "cpp/engine/event_queue.h"
#include "cpp/engine/model_identity.h"
#include "cpp/engine/prepare.h"
#include "cpp/engine/session_file.h"
#include "cpp/engine/session_state.h"
#include "cpp/engine/stepper.h"
#include "cpp/engine/work_signal.h"

namespace inlay::engine {

// Locks, in the order in which they are taken: step_mutex_ (one step at a
// time), mutex_ (requests and states), the event queue's own. No lock is held
// while a backend computes, except step_mutex_, or while the host is called.
class EngineImpl final : public Engine,
                         public std::enable_shared_from_this<EngineImpl> {
 public:
  EngineImpl(std::shared_ptr<Model> model, const EngineOptions& options,
             EngineConfig config, std::unique_ptr<backend::Executor> executor,
             SwapSpace swap);
  ~EngineImpl() override;
  // Starts the threads that the options ask for.
  Status Start();
  // The host's handle is gone: ends everything, though sessions may keep the
  // memory. Once, by the handle or the destructor.
  void Release() noexcept;

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
  Status ScoreWithEncoder(std::vector<int32_t> encoder_tokens,
                          std::vector<int32_t> tokens, float* logits) override;
  Status Embed(EmbedRequest request, float* out) override;
  Status Rank(EmbedRequest request, float* scores) override;
  Status SetTenantWeight(const std::string& tenant, double weight) override;
  StatusOr<std::shared_ptr<Session>> CreateSession(
      const std::string& cache_domain) override;
  StatusOr<std::shared_ptr<Session>> LoadSession(const Read& read) override;
  std::string MetricsText() const override;
  Status StartTrace(int32_t max_steps) override;
  StatusOr<std::string> StopTrace() override;

  // What the handles of sessions do (session.cc).
  std::vector<int32_t> SessionTokens(const SessionState& state);
  bool SessionBusy(const SessionState& state);
  StatusOr<std::shared_ptr<Session>> ForkSession(SessionState& state);
  Status TruncateSession(SessionState& state, int32_t count);
  Status SaveSession(SessionState& state, const Session::Write& write);
  void LeaveSession(SessionState& state);

 private:
  // Pages that a save or a load holds.
  struct PinnedPages {
    explicit PinnedPages(EngineImpl* owner) : engine(owner) {}
    ~PinnedPages();
    // With the engine's lock held.
    int32_t Adopt(const std::string& domain, std::span<const int32_t> tokens,
                  std::vector<scheduler::PageTransfer>* copies);
    EngineImpl* const engine;
    cache::PageTable table;
  };
  // What the step thread does next.
  enum class Next { kStep, kRetry, kWait, kEnd };

  // Everything a step can do wrong ends here; never throws.
  Next RunStep() noexcept INLAY_EXCLUDES(step_mutex_, mutex_);
  Next AfterStep(const StatusOr<bool>& ran) INLAY_EXCLUDES(mutex_);
  void MarkFailed(const Status& status) noexcept INLAY_EXCLUDES(mutex_);
  void StepLoop() noexcept;
  // Gives a shortage time to pass.
  void AwaitRetry() noexcept INLAY_EXCLUDES(mutex_);
  int64_t IdleTimeout() INLAY_EXCLUDES(mutex_);

  Status Refusal() const INLAY_REQUIRES(mutex_);
  bool Idle() const INLAY_REQUIRES(mutex_);
  Status CheckInputs(const EmbedRequest& request, const float* out) const;
  Status CheckTypes(const EmbedRequest& request) const;
  Status RunEmbed(EmbedJob* job, EmbedRequest request, float* out);
  Status CheckEmbedQueue(const EmbedJob& job) const INLAY_REQUIRES(mutex_);
  Status CheckGenerates() const;
  Status CheckScore(const std::vector<int32_t>& tokens, const float* logits);
  Status RunScore(ScoreJob* job);
  // Until a job of the stepper has set it.
  void WaitFor(const bool& done) INLAY_EXCLUDES(mutex_);

  // Submit (engine_submit.cc).
  StatusOr<uint64_t> Enqueue(std::unique_ptr<LiveRequest> live,
                             const Request& request) INLAY_EXCLUDES(mutex_);
  Status CheckQueue(const LiveRequest& live, int32_t sequences)
      INLAY_REQUIRES(mutex_);
  // kResourceExhausted with the time after which there may be room.
  Status QueueFull(std::string_view what) const INLAY_REQUIRES(mutex_);
  void ChooseDomain(const Request& request, LiveRequest* live)
      INLAY_REQUIRES(mutex_);
  void AddToBook(std::unique_ptr<LiveRequest> live, const Choices& choices)
      INLAY_REQUIRES(mutex_);

  // Sessions (session.cc).
  std::shared_ptr<Session> MakeSession(std::vector<int32_t> tokens,
                                       std::shared_ptr<SessionDomain> domain)
      INLAY_REQUIRES(mutex_);
  StatusOr<std::shared_ptr<SessionState>> ClaimSession(
      const Session& session, std::vector<int32_t>* tokens)
      INLAY_EXCLUDES(mutex_);
  void UnclaimSession(SessionState& state) INLAY_EXCLUDES(mutex_);
  StatusOr<SessionHeader> OwnSessionHeader();
  Status RunTransfer(std::vector<scheduler::PageTransfer> transfers)
      INLAY_EXCLUDES(mutex_);
  // Until no transfer is under way, or none may begin any more.
  void AwaitTransferTurn() INLAY_REQUIRES(mutex_);
  StatusOr<int32_t> PinSession(SessionState& state, PinnedPages* pin,
                               std::vector<int32_t>* tokens)
      INLAY_EXCLUDES(mutex_);
  Status SavePages(const cache::PageTable& table, SessionWriter* writer)
      INLAY_EXCLUDES(mutex_);
  StatusOr<int32_t> LoadPages(const SessionHeader& header,
                              SessionReader* reader, cache::PageTable* table)
      INLAY_EXCLUDES(mutex_);

  // The parts of Close, in order.
  bool Drain(int64_t timeout_ns) INLAY_EXCLUDES(mutex_);
  bool DrainByStepping(int64_t timeout_ns) INLAY_EXCLUDES(mutex_);
  void CancelEverything() INLAY_EXCLUDES(mutex_);
  void StopThreads() INLAY_EXCLUDES(mutex_);

  const std::shared_ptr<Model> model_;
  const EngineConfig config_;
  const RequestLimits limits_;
  const bool host_driven_;
  const bool virtual_clock_;
  const bool prefix_cache_;
  const int64_t max_queue_tokens_;
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
  // In a row, since a request was given up for them.
  size_t failed_steps_ INLAY_GUARDED_BY(mutex_) = 0;
  bool cancelling_ INLAY_GUARDED_BY(mutex_) = false;
  bool stopping_ INLAY_GUARDED_BY(mutex_) = false;
  bool joining_ INLAY_GUARDED_BY(mutex_) = false;
  std::atomic<bool> polling_{false};
  bool released_ = false;  // inside a callback; only Release uses it

  std::thread thread_;
  std::unique_ptr<Delivery> delivery_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_ENGINE_IMPL_H_
