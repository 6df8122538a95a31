// One step as a transaction: plan, reserve, launch, collect, commit, publish.
#ifndef INLAY_ENGINE_STEPPER_H_
#define INLAY_ENGINE_STEPPER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cpp/backend/backend.h"
#include "cpp/base/mutex.h"
#include "cpp/base/status.h"
#include "cpp/engine/book.h"
#include "cpp/engine/score_job.h"
#include "cpp/scheduler/policy.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::engine {

// Run takes one caller at a time; it holds the book's lock except while the
// executor computes. The other functions need the lock.
class Stepper {
 public:
  Stepper(Mutex* mutex, Book* book, std::unique_ptr<backend::Executor> executor,
          std::unique_ptr<scheduler::Policy> policy,
          const scheduler::Limits& limits, int32_t vocabulary_size,
          int32_t max_logits_rows);

  // True if a step ran, false if there is nothing to do. After an error the
  // requests are as they were before the step.
  StatusOr<bool> Run();

  // While draining, a slow consumer pauses nothing.
  void SetDraining() { draining_ = true; }

  // One at a time. The job takes turns with the steps of requests.
  void StartScore(ScoreJob* job) { score_ = job; }
  const ScoreJob* score() const { return score_; }
  // Ends the job with `status`, at once or after the step that computes it.
  void StopScore(const Status& status);
  // The same when no step will run any more.
  void AbortScore(const Status& status) {
    if (score_ != nullptr) FinishScore(status);
  }

 private:
  // What a commit decided, to be published.
  struct Outcome {
    LiveRequest* request = nullptr;
    bool sampled = false;
    int32_t token = -1;
    sampling::SampleOutput* sample = nullptr;
    size_t text_begin = 0, text_end = 0;
    FinishReason reason = FinishReason::kNone;
    Status status;
  };

  bool Plan();
  Status Reserve();
  StatusOr<uint64_t> Launch();
  Status Collect(uint64_t ticket);
  void Commit();
  void Publish();
  void Abandon();

  void TakeSnapshot();
  void AddGroup(LiveRequest& request, int32_t rows);
  void AddBlocks(const cache::BlockTable& table, int32_t tokens);
  Outcome CommitGroup(LiveRequest& request, const scheduler::RowGroup& group,
                      size_t sample_index);
  void CommitToken(LiveRequest& request, sampling::SampleOutput& sample,
                   Outcome* outcome);
  void PublishOutcome(Outcome& outcome);

  bool PlanScore();
  void CommitScore();
  void FinishScore(const Status& status);

  Mutex* const mutex_;
  Book* const book_;
  const std::unique_ptr<backend::Executor> executor_;
  const std::unique_ptr<scheduler::Policy> policy_;
  const scheduler::Limits limits_;
  const int32_t vocabulary_size_;
  const int32_t max_logits_rows_;

  // Reused, so that a steady state allocates nothing.
  std::vector<LiveRequest*> order_;
  std::vector<scheduler::RequestView> views_;
  scheduler::Decision decision_;
  scheduler::StepPlan plan_;
  scheduler::StepResult result_;
  std::vector<Outcome> outcomes_;
  std::string text_;

  bool draining_ = false;
  ScoreJob* score_ = nullptr;
  bool scored_last_ = false;  // the step before was the job's
  bool score_step_ = false;   // this step is
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_STEPPER_H_
