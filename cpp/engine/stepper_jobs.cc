// The parts of a step that serve Engine::Score and sessions.
#include <algorithm>

#include "cpp/engine/stepper.h"

namespace inlay::engine {

// The job is short and somebody waits for it; requests can be computed again,
// the youngest first. Without pages it fails.
bool Stepper::HoldForScore(cache::PageTable& table, int32_t pages) {
  const auto& requests = book_->requests();
  for (auto next = requests.rbegin();
       next != requests.rend() &&
       book_->pages().free_count() < pages - table.page_count();
       ++next) {
    if (next->second->admitted) book_->Preempt(*next->second);
  }
  if (book_->pages().Grow(table, pages)) return true;
  FinishScore(absl::ResourceExhaustedError("the cache has too few pages"));
  return false;
}

// The input of the encoder, in a step of its own.
bool Stepper::PlanScoreInput() {
  ScoreJob& job = *score_;
  const int32_t pages = cache::PagesFor(
      static_cast<int32_t>(job.encoder_tokens.size()), limits_.page_tokens);
  if (!HoldForScore(job.encoder_table, pages)) return false;
  AddEncoderInput(job.encoder_tokens, job.encoder_table, 0);
  job.in_flight = true;
  return true;
}

bool Stepper::PlanScore() {
  ScoreJob& job = *score_;
  if (!job.encoder_tokens.empty() && !job.encoded) return PlanScoreInput();
  const int32_t rows = std::min(
      {job.pending(), limits_.max_logits_rows, limits_.max_step_tokens});
  const int32_t pages = cache::PagesFor(job.cached + rows, limits_.page_tokens);
  if (!HoldForScore(job.table, pages)) return false;
  scheduler::RowGroup group;
  group.row_count = rows;
  group.position = job.cached;
  group.logits_count = rows;
  group.encoder_length = static_cast<int32_t>(job.encoder_tokens.size());
  AddBlocks(job.encoder_table, group.encoder_length, &plan_);
  group.encoder_block_count = static_cast<int32_t>(plan_.blocks.size());
  group.block_begin = group.encoder_block_count;
  group.block_count = pages;
  AddBlocks(job.table, job.cached + rows, &plan_);
  for (int32_t i = 0; i < rows; ++i) {
    plan_.tokens.push_back(job.tokens[job.cached + i]);
    plan_.positions.push_back(job.cached + i);
    plan_.logits_rows.push_back(i);
  }
  plan_.groups.push_back(group);
  plan_.logits_out = job.logits + int64_t{job.cached} * vocabulary_size_;
  job.in_flight = true;
  return true;
}

void Stepper::CommitScore() {
  ScoreJob& job = *score_;
  job.in_flight = false;
  job.encoded = true;
  job.cached += plan_.rows();
  if (job.cancelled) {
    FinishScore(job.status);
  } else if (job.pending() == 0) {
    FinishScore(OkStatus());
  }
}

void Stepper::FinishScore(const Status& status) {
  book_->pages().Release(score_->table);
  book_->pages().Release(score_->encoder_table);
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

void Stepper::AbortJobs(const Status& status) {
  if (score_ != nullptr) FinishScore(status);
  while (embeds()) FinishEmbed(*embeds_.back(), status);
  if (transfer_ != nullptr) FinishTransfer(status);
}

bool Stepper::PlanTransfer() {
  plan_.transfers = transfer_->transfers;
  transfer_->in_flight = true;
  return true;
}

void Stepper::StopTransfer(const Status& status) {
  // One in flight is about to end by itself.
  if (transfer_ != nullptr && !transfer_->in_flight) FinishTransfer(status);
}

void Stepper::FinishTransfer(const Status& status) {
  if (transfer_ == nullptr) return;
  transfer_->status = status;
  transfer_->done = true;
  transfer_ = nullptr;
}

}  // namespace inlay::engine
