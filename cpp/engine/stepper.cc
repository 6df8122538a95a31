#include "cpp/engine/stepper.h"

#include <new>
#include <utility>

namespace inlay::engine {

Stepper::Stepper(Mutex* mutex, Book* book, const Clock* clock,
                 std::unique_ptr<backend::Executor> executor,
                 const StepperOptions& options)
    : mutex_(mutex),
      book_(book),
      executor_(std::move(executor)),
      limits_(options.limits),
      vocabulary_size_(options.vocabulary_size),
      pause_timeout_ns_(options.pause_timeout_ns),
      scheduler_(scheduler::MakePolicy(options.policy), options.limits),
      trace_(clock) {}

StatusOr<bool> Stepper::Run() {
  {
    MutexLock lock(*mutex_);
    trace_.Begin();
    if (!Plan()) return false;
    trace_.Mark(StepPart::kPlan);
    INLAY_RETURN_IF_ERROR(Reserve());
    trace_.Mark(StepPart::kReserve);
    if (plan_.rows() == 0 && encode_.rows() == 0 && plan_.transfers.empty()) {
      return true;
    }
  }
  const Status status = Compute();
  trace_.Mark(StepPart::kCompute);
  MutexLock lock(*mutex_);
  if (!status.ok()) {
    Abandon(status);
    return status;
  }
  Arrive();
  Commit();
  trace_.Mark(StepPart::kCommit);
  Publish();
  trace_.Mark(StepPart::kPublish);
  Observe();
  return true;
}

Status Stepper::Compute() noexcept {
  result_.transfer_ns = result_.sample_ns = 0;
  try {
    if (encode_.rows() == 0) return Run(plan_);
    // Pages come and go before anything is computed.
    encode_.transfers.swap(plan_.transfers);
    Status status = Run(encode_);
    const int64_t transfer_ns = result_.transfer_ns;
    if (status.ok() && plan_.rows() > 0) status = Run(plan_);
    result_.transfer_ns = transfer_ns;
    encode_.transfers.swap(plan_.transfers);
    return status;
  } catch (const std::bad_alloc&) {
    return Status(absl::StatusCode::kResourceExhausted, "");
  } catch (...) {
    return Status(absl::StatusCode::kInternal, "");
  }
}

Status Stepper::Run(const scheduler::StepPlan& plan) {
  INLAY_ASSIGN_OR_RETURN(const uint64_t ticket, executor_->Launch(plan));
  INLAY_RETURN_IF_ERROR(executor_->Collect(ticket, &result_));
  if (result_.samples.size() < plan.samples.size() ||
      result_.sample_status.size() < plan.samples.size()) {
    return absl::InternalError("the backend returned too few samples");
  }
  return OkStatus();
}

// What was on its way to pages is there.
void Stepper::Arrive() noexcept {
  for (const scheduler::Work& work : decision_.work) {
    if (LiveRequest* request = Planned(work.index)) request->moving = false;
  }
}

// Requests are as they were before the step, except that those whose pages
// were to be moved compute them again: nobody knows what was moved.
void Stepper::Abandon(const Status& why) noexcept {
  switch (kind_) {
    case Kind::kScore:
      score_->in_flight = false;
      if (score_->cancelled) FinishScore(score_->status);
      return;
    case Kind::kTransfer:
      FinishTransfer(why);
      return;
    case Kind::kEmbed:
      AbandonEmbeds();
      return;
    case Kind::kRequests:
      break;
  }
  WithdrawPromises();
  const bool moved = !plan_.transfers.empty() || !copies_.empty();
  copies_.clear();
  if (moved) {
    for (const scheduler::Preemption& preemption : decision_.preempt) {
      if (LiveRequest* request = Planned(preemption.index)) {
        book_->Preempt(*request);
      }
    }
  }
  for (const scheduler::Work& work : decision_.work) {
    LiveRequest* const planned = Planned(work.index);
    if (planned == nullptr) continue;
    LiveRequest& request = *planned;
    request.in_flight = false;
    if (moved) {
      // Not through the index: its pages may not hold what they should.
      book_->pages().Release(request.table);
      book_->Preempt(request);
      request.moving = false;
    } else if (!request.admitted) {
      book_->pages().Release(request.table);  // what is in swap stays there
    }
    if (request.cancelled) book_->End(request, FinishReason::kCancelled);
  }
}

bool Stepper::DropNewest(const Status& status) noexcept {
  if (kind_ == Kind::kTransfer) {
    FinishTransfer(status);
    return true;
  }
  if (kind_ == Kind::kEmbed) return DropNewestEmbed(status);
  if (kind_ == Kind::kScore && score_ != nullptr) {
    FinishScore(status);
    return true;
  }
  LiveRequest* newest = nullptr;
  const auto admission = [](const LiveRequest& request) {
    return request.admission > 0 ? request.admission : UINT64_MAX;
  };
  const auto look = [&](LiveRequest* request) {
    if (request == nullptr) return;
    if (newest == nullptr || std::pair(admission(*newest), newest->id) <
                                 std::pair(admission(*request), request->id)) {
      newest = request;
    }
  };
  for (const scheduler::Work& work : decision_.work) look(Planned(work.index));
  if (newest == nullptr) {  // it failed before it had decided
    for (const auto& [id, request] : book_->requests()) look(request.get());
  }
  if (newest == nullptr) return false;
  book_->Fail(*newest, status);
  return true;
}

void Stepper::Observe() {
  const StepRecord& record = trace_.record();
  if (kind_ == Kind::kRequests) {
    scheduler::StepSize size;
    for (const auto* plan : {&encode_, &plan_}) {
      for (const scheduler::RowGroup& group : plan->groups) {
        size.Add(group.position, group.row_count);
      }
    }
    const auto part = [&record](StepPart p) {
      return static_cast<double>(record.part_ns[static_cast<size_t>(p)]);
    };
    if (size.rows > 0) {
      cost_.Observe(size, part(StepPart::kCompute) + part(StepPart::kSample));
    }
    book_->histograms().step.Add(static_cast<double>(record.total_ns()) * 1e-9);
    book_->histograms().step_rows.Add(
        static_cast<double>(encode_.rows() + plan_.rows()));
  }
  if (!plan_.transfers.empty()) {
    cost_.ObserveTransfer(static_cast<int32_t>(plan_.transfers.size()),
                          static_cast<double>(result_.transfer_ns));
  }
  trace_.End();
}

}  // namespace inlay::engine
