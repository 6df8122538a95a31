// The part of a step that serves Engine::Score.
#include <algorithm>

#include "cpp/engine/stepper.h"

namespace inlay::engine {

bool Stepper::PlanScore() {
  ScoreJob& job = *score_;
  const int32_t rows =
      std::min({job.pending(), max_logits_rows_, limits_.max_step_tokens});
  const int32_t pages = cache::PagesFor(job.cached + rows, limits_.page_tokens);
  // The job is short and somebody waits for it; requests can be computed
  // again, the youngest first.
  const auto& requests = book_->requests();
  for (auto next = requests.rbegin();
       next != requests.rend() &&
       book_->pool().free_count() < pages - job.table.page_count();
       ++next) {
    if (next->second->admitted) book_->Preempt(*next->second);
  }
  if (!job.table.Grow(pages, book_->pool())) {
    FinishScore(absl::ResourceExhaustedError("the cache has too few pages"));
    return false;
  }
  scheduler::RowGroup group;
  group.row_count = rows;
  group.position = job.cached;
  group.block_count = pages;
  group.logits_count = rows;
  AddBlocks(job.table, job.cached + rows);
  for (int32_t i = 0; i < rows; ++i) {
    plan_.tokens.push_back(job.tokens[job.cached + i]);
    plan_.positions.push_back(job.cached + i);
    plan_.logits_rows.push_back(i);
  }
  plan_.groups.push_back(group);
  plan_.logits_out = job.logits + int64_t{job.cached} * vocabulary_size_;
  return true;
}

void Stepper::CommitScore() {
  ScoreJob& job = *score_;
  job.in_flight = false;
  job.cached += plan_.rows();
  if (job.cancelled) {
    FinishScore(job.status);
  } else if (job.pending() == 0) {
    FinishScore(OkStatus());
  }
}

void Stepper::FinishScore(const Status& status) {
  score_->table.Release(book_->pool());
  score_->status = status;
  score_->done = true;
  score_ = nullptr;
}

void Stepper::StopScore(const Status& status) {
  if (score_ == nullptr) return;
  if (score_->in_flight) {
    score_->cancelled = true;
    score_->status = status;
  } else {
    FinishScore(status);
  }
}

}  // namespace inlay::engine
