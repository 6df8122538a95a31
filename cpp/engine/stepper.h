// One step as a transaction: plan, reserve, launch, collect, commit, publish.
#ifndef INLAY_ENGINE_STEPPER_H_
#define INLAY_ENGINE_STEPPER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cpp/backend/backend.h"
#include "cpp/base/mutex.h"
#include "cpp/base/status.h"
#include "cpp/engine/book.h"
#include "cpp/engine/embed_job.h"
#include "cpp/engine/score_job.h"
#include "cpp/engine/step_trace.h"
#include "cpp/engine/transfer_job.h"
#include "cpp/scheduler/cost_model.h"
#include "cpp/scheduler/scheduler.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::engine {

struct StepperOptions {
  scheduler::PolicyKind policy = scheduler::PolicyKind::kFair;
  scheduler::Limits limits;
  int32_t vocabulary_size = 0;
  int64_t pause_timeout_ns = -1;  // < 0: never
};

// Run takes one caller at a time; it holds the book's lock except while the
// executor computes. The other functions need the lock.
class Stepper final : private scheduler::ReuseLookup {
 public:
  Stepper(Mutex* mutex, Book* book, const Clock* clock,
          std::unique_ptr<backend::Executor> executor,
          const StepperOptions& options);

  // True if a step ran, false if there is nothing to do. After an error or a
  // failed allocation the requests are as they were before the step.
  StatusOr<bool> Run();

  // While draining, a slow consumer pauses nothing.
  void SetDraining() { draining_ = true; }
  // When a step has something to do though no request can run.
  int64_t NextExpiry() const;

  // One at a time. The job takes turns with the steps of requests.
  void StartScore(ScoreJob* job) { score_ = job; }
  const ScoreJob* score() const { return score_; }
  // Ends the job, or marks it if a step is computing it.
  void StopScore(const Status& status);
  // Any number; their inputs share steps, in order. For engines without
  // requests.
  void StartEmbed(EmbedJob* job) { embeds_.push_back(job); }
  bool embeds() const { return !embeds_.empty(); }
  size_t embed_calls() const { return embeds_.size(); }
  int64_t embed_tokens() const;  // of all calls, done or not
  // Ends those of which no step computes anything, and marks the rest.
  void StopEmbeds(const Status& status);
  // Ends the jobs after a step that failed for good: nothing is in flight.
  void AbortJobs(const Status& status);
  // After a step that failed for want of memory: gives up its job, or the
  // request of it that came last. False if there is nothing to give up.
  bool DropNewest(const Status& status) noexcept;

  // One at a time; goes before the steps of requests.
  void StartTransfer(TransferJob* job) { transfer_ = job; }
  const TransferJob* transfer() const { return transfer_; }
  void StopTransfer(const Status& status);

  uint64_t page_bytes() const { return executor_->page_bytes(); }
  StepTrace& trace() { return trace_; }

 private:
  // What a commit decided, to be published.
  struct Outcome {
    uint64_t id = 0;
    bool sampled = false;
    int32_t token = -1;
    sampling::SampleOutput* sample = nullptr;
    size_t text_begin = 0, text_end = 0;
    FinishReason reason = FinishReason::kNone;
    Status status;
  };
  enum class Kind : uint8_t { kRequests, kScore, kTransfer, kEmbed };

  bool Plan();
  Status Reserve();
  Status Compute() noexcept;
  Status Run(const scheduler::StepPlan& plan);
  void Commit();
  void Publish();
  void Abandon(const Status& why) noexcept;
  void Arrive() noexcept;
  void Observe();

  // stepper_plan.cc
  int32_t CopyPages(const LiveRequest& request) const;
  void TakeSnapshot();
  void Decide();
  void WithdrawPromises() noexcept;
  LiveRequest* Planned(int32_t index) noexcept;
  bool LooksPaused(LiveRequest& request, int64_t now);
  scheduler::Reuse Look(int32_t index) override;
  void Joined(int32_t index) override;

  // stepper_reserve.cc
  void SwapOutOrPreempt(const scheduler::Preemption& preemption);
  Status Join(LiveRequest& request, int64_t now);
  Status BringBack(LiveRequest& request);
  void TakeFromCache(LiveRequest& request);
  bool Hold(LiveRequest& request, int32_t rows);
  void AddCopies();
  void AddEncoderInput(std::span<const int32_t> tokens,
                       const cache::PageTable& table, uint64_t id);
  void AddEncoderGroup(LiveRequest& request);
  void AddGroup(LiveRequest& request, int32_t rows);
  void AddSamples(LiveRequest& request, scheduler::RowGroup* group);
  void AddBlocks(const cache::PageTable& table, int32_t tokens,
                 scheduler::StepPlan* plan);

  // stepper_commit.cc
  Outcome CommitEncoder(LiveRequest& request);
  Outcome CommitGroup(LiveRequest& request, const scheduler::RowGroup& group);
  void CommitScores(LiveRequest& request, const scheduler::RowGroup& group);
  void CommitToken(LiveRequest& request, sampling::SampleOutput& sample,
                   Outcome* outcome);
  void Share(LiveRequest& request, int32_t cached_before);
  void PublishOutcome(Outcome& outcome);
  void PublishOutput(LiveRequest& request, const Outcome& outcome);

  // stepper_jobs.cc
  bool PlanScore();
  bool PlanScoreInput();
  bool HoldForScore(cache::PageTable& table, int32_t pages);
  void CommitScore();
  void FinishScore(const Status& status);
  bool PlanTransfer();

  // stepper_embed.cc
  bool PlanEmbed();
  bool AddInput(EmbedJob& job);
  void CommitEmbeds();
  void AbandonEmbeds() noexcept;
  void FinishEmbed(EmbedJob& job, const Status& status) noexcept;
  bool DropNewestEmbed(const Status& status) noexcept;
  void FinishTransfer(const Status& status);

  Mutex* const mutex_;
  Book* const book_;
  const std::unique_ptr<backend::Executor> executor_;
  const scheduler::Limits limits_;
  const int32_t vocabulary_size_;
  const int64_t pause_timeout_ns_;
  scheduler::Scheduler scheduler_;
  scheduler::CostModel cost_;
  StepTrace trace_;

  // Reused, so that a steady state allocates nothing.
  std::vector<LiveRequest*> order_;
  std::vector<uint64_t> ids_;  // of order_, to look up what may have ended
  std::vector<scheduler::RequestView> views_;
  scheduler::Decision decision_;
  std::vector<cache::PageCopy> copies_;
  scheduler::StepPlan plan_;
  std::vector<LiveRequest*> planned_;  // of each group of plan_
  // What encoders do first, with all transfers, and whose inputs they are.
  scheduler::StepPlan encode_;
  std::vector<LiveRequest*> encoded_;
  scheduler::StepResult result_;
  std::vector<Outcome> outcomes_;
  std::string text_;

  bool draining_ = false;
  ScoreJob* score_ = nullptr;
  TransferJob* transfer_ = nullptr;
  std::vector<EmbedJob*> embeds_;
  cache::PageTable embed_pages_;  // of the step that runs
  bool scored_last_ = false;      // the step before was the job's
  Kind kind_ = Kind::kRequests;   // of the step that runs
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_STEPPER_H_
