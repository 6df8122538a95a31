#include "cpp/engine/stepper.h"

#include <utility>

namespace inlay::engine {

Stepper::Stepper(Mutex* mutex, Book* book,
                 std::unique_ptr<backend::Executor> executor,
                 std::unique_ptr<scheduler::Policy> policy,
                 const scheduler::Limits& limits, int32_t vocabulary_size,
                 int32_t max_logits_rows)
    : mutex_(mutex),
      book_(book),
      executor_(std::move(executor)),
      policy_(std::move(policy)),
      limits_(limits),
      vocabulary_size_(vocabulary_size),
      max_logits_rows_(max_logits_rows) {}

StatusOr<bool> Stepper::Run() {
  {
    MutexLock lock(*mutex_);
    if (!Plan()) return false;
    INLAY_RETURN_IF_ERROR(Reserve());
  }
  StatusOr<uint64_t> ticket = Launch();
  const Status status = ticket.ok() ? Collect(*ticket) : ticket.status();
  MutexLock lock(*mutex_);
  if (!status.ok()) {
    Abandon();
    return status;
  }
  Commit();
  Publish();
  return true;
}

bool Stepper::Plan() {
  book_->ExpireDeadlines();
  plan_.Clear();
  decision_.Clear();
  const bool turn = score_ != nullptr && (!scored_last_ || book_->empty());
  score_step_ = scored_last_ = turn && PlanScore();
  if (score_step_) return true;
  TakeSnapshot();
  policy_->Decide({views_, book_->pool().free_count()}, limits_, &decision_);
  if (!decision_.work.empty()) return true;
  // No request can run (all are paused, or the job has their pages), so the
  // job need not wait for its turn.
  score_step_ = scored_last_ = score_ != nullptr && PlanScore();
  return score_step_;
}

void Stepper::TakeSnapshot() {
  order_.clear();
  views_.clear();
  // No policy can admit more of the waiting than this.
  int32_t waiting = limits_.max_concurrency;
  for (const auto& [id, request] : book_->requests()) {
    const bool paused = !draining_ && book_->events().Full(id);
    if (!request->admitted && (paused || waiting-- <= 0)) continue;
    order_.push_back(request.get());
    views_.push_back({.known_tokens = request->known(),
                      .cached_tokens = request->cached,
                      .pages = request->table.page_count(),
                      .admitted = request->admitted,
                      .paused = paused});
  }
}

Status Stepper::Reserve() {
  if (score_step_) {
    score_->in_flight = true;
    return OkStatus();
  }
  for (int32_t index : decision_.preempt) book_->Preempt(*order_[index]);
  const int64_t now = book_->NowNs();
  for (const scheduler::Work& work : decision_.work) {
    LiveRequest& request = *order_[work.index];
    if (!request.table.Grow(work.pages, book_->pool())) {
      Abandon();
      return absl::InternalError("the scheduler gave out a page twice");
    }
    book_->Admit(request);
    request.in_flight = true;
    if (!std::exchange(request.started, true)) {
      request.usage.queued_ns = now - request.submit_ns;
    }
    AddGroup(request, work.rows);
  }
  return OkStatus();
}

void Stepper::AddBlocks(const cache::BlockTable& table, int32_t tokens) {
  const auto pages = table.pages().first(
      static_cast<size_t>(cache::PagesFor(tokens, limits_.page_tokens)));
  plan_.blocks.insert(plan_.blocks.end(), pages.begin(), pages.end());
}

void Stepper::AddGroup(LiveRequest& request, int32_t rows) {
  scheduler::RowGroup group;
  group.request_id = request.id;
  group.row_begin = plan_.rows();
  group.row_count = rows;
  group.position = request.cached;
  group.block_begin = static_cast<int32_t>(plan_.blocks.size());
  AddBlocks(request.table, request.cached + rows);
  group.block_count =
      static_cast<int32_t>(plan_.blocks.size()) - group.block_begin;
  for (int32_t i = 0; i < rows; ++i) {
    plan_.tokens.push_back(request.tokens[request.cached + i]);
    plan_.positions.push_back(request.cached + i);
  }
  group.logits_begin = static_cast<int32_t>(plan_.logits_rows.size());
  // The row of the last known token is the one that has a successor to find.
  if (request.cached + rows == request.known()) {
    group.sample_begin = static_cast<int32_t>(plan_.samples.size());
    group.sample_count = 1;
    group.logits_count = 1;
    plan_.logits_rows.push_back(plan_.rows() - 1);
    plan_.samples.push_back(
        {.params = &request.params,
         .prompt = request.prompt(),
         .generated = request.generated(),
         .position = static_cast<uint64_t>(request.known())});
  }
  plan_.groups.push_back(group);
}

StatusOr<uint64_t> Stepper::Launch() { return executor_->Launch(plan_); }

Status Stepper::Collect(uint64_t ticket) {
  INLAY_RETURN_IF_ERROR(executor_->Collect(ticket, &result_));
  if (result_.samples.size() < plan_.samples.size() ||
      result_.sample_status.size() < plan_.samples.size()) {
    return absl::InternalError("the backend returned too few samples");
  }
  return OkStatus();
}

void Stepper::Abandon() {
  if (score_step_) {
    score_->in_flight = false;
    if (score_->cancelled) FinishScore(score_->status);
    return;
  }
  for (const scheduler::Work& work : decision_.work) {
    LiveRequest& request = *order_[work.index];
    request.in_flight = false;
    if (request.cancelled) book_->End(request, FinishReason::kCancelled);
  }
}

void Stepper::Commit() {
  ++book_->counters().steps;
  outcomes_.clear();
  text_.clear();
  if (score_step_) {
    CommitScore();
    return;
  }
  size_t samples = 0;
  for (size_t i = 0; i < plan_.groups.size(); ++i) {
    outcomes_.push_back(CommitGroup(*order_[decision_.work[i].index],
                                    plan_.groups[i], samples));
    samples += static_cast<size_t>(plan_.groups[i].sample_count);
  }
}

Stepper::Outcome Stepper::CommitGroup(LiveRequest& request,
                                      const scheduler::RowGroup& group,
                                      size_t sample_index) {
  Outcome outcome;
  outcome.request = &request;
  request.in_flight = false;
  if (request.cached < request.prompt_count) {
    book_->counters().prompt_tokens += static_cast<uint64_t>(group.row_count);
  }
  request.cached += group.row_count;
  if (request.cancelled) {
    outcome.reason = FinishReason::kCancelled;
  } else if (group.sample_count > 0) {
    outcome.status = std::move(result_.sample_status[sample_index]);
    if (outcome.status.ok()) {
      CommitToken(request, result_.samples[sample_index], &outcome);
    }
  }
  return outcome;
}

void Stepper::CommitToken(LiveRequest& request, sampling::SampleOutput& sample,
                          Outcome* outcome) {
  if (sample.token < 0 || sample.token >= vocabulary_size_) {
    outcome->status = absl::InternalError("the backend sampled no token");
    return;
  }
  if (request.EndsWith(sample.token)) {
    outcome->reason = FinishReason::kStop;
    return;
  }
  outcome->text_begin = text_.size();
  outcome->reason = request.Append(sample.token, &text_);
  outcome->text_end = text_.size();
  outcome->sampled = true;
  outcome->token = sample.token;
  outcome->sample = &sample;
  ++book_->counters().generated_tokens;
  if (request.generated_count() == 1) {
    request.usage.first_token_ns = book_->NowNs() - request.submit_ns;
  }
}

void Stepper::Publish() {
  for (Outcome& outcome : outcomes_) PublishOutcome(outcome);
}

void Stepper::PublishOutcome(Outcome& outcome) {
  LiveRequest& request = *outcome.request;
  EventQueue& events = book_->events();
  if (!request.dropped) {
    if (!std::exchange(request.published_start, true)) {
      events.PublishStarted(request.id);
    }
    if (outcome.sampled) {
      const bool logprobs = request.params.logprobs >= 0;
      events.PublishDelta(
          request.id,
          {.token = outcome.token,
           .text = std::string_view(text_).substr(
               outcome.text_begin, outcome.text_end - outcome.text_begin),
           .has_logprobs = logprobs,
           .logprob = outcome.sample->logprob,
           .top = &outcome.sample->top});
    } else if (request.cached < request.prompt_count &&
               request.generated_count() == 0) {
      // Not when a preempted one computes its prompt again after deltas.
      events.PublishProgress(request.id, request.cached, request.prompt_count);
    }
  }
  if (!outcome.status.ok()) {
    book_->Fail(request, std::move(outcome.status));
  } else if (outcome.reason != FinishReason::kNone) {
    book_->End(request, outcome.reason);
  }
}

}  // namespace inlay::engine
