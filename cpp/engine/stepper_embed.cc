// The parts of a step that serve Engine::Embed.
#include <algorithm>

#include "cpp/engine/stepper.h"

namespace inlay::engine {

bool Stepper::PlanEmbed() {
  AbandonEmbeds();  // of a plan that memory was short for
  for (size_t i = 0; i < embeds_.size();) {
    EmbedJob& job = *embeds_[i];
    if (job.finished + job.in_flight == job.inputs.size()) {
      ++i;
    } else if (AddInput(job)) {
      continue;
    } else if (!plan_.groups.empty()) {
      return true;
    } else {
      FinishEmbed(job,
                  absl::ResourceExhaustedError("the cache has too few pages"));
    }
  }
  return !plan_.groups.empty();
}

int64_t Stepper::embed_tokens() const {
  int64_t tokens = 0;
  for (const EmbedJob* job : embeds_) tokens += job->tokens;
  return tokens;
}

// The next input of the job, if rows and pages are left for it.
bool Stepper::AddInput(EmbedJob& job) {
  const size_t index = job.finished + job.in_flight;
  const std::vector<int32_t>& tokens = job.inputs[index];
  const auto rows = static_cast<int32_t>(tokens.size());
  if (rows > limits_.max_step_tokens - plan_.rows()) return false;
  const int32_t held = embed_pages_.page_count();
  const int32_t pages = cache::PagesFor(rows, limits_.page_tokens);
  if (!book_->pages().Grow(embed_pages_, held + pages)) return false;
  scheduler::RowGroup group;
  group.row_begin = plan_.rows();
  group.row_count = rows;
  group.block_begin = static_cast<int32_t>(plan_.blocks.size());
  group.block_count = pages;
  const auto own = embed_pages_.pages().subspan(static_cast<size_t>(held));
  plan_.blocks.insert(plan_.blocks.end(), own.begin(), own.end());
  plan_.tokens.insert(plan_.tokens.end(), tokens.begin(), tokens.end());
  for (int32_t i = 0; i < rows; ++i) plan_.positions.push_back(i);
  if (!job.types.empty() || !plan_.types.empty()) {
    plan_.types.resize(static_cast<size_t>(group.row_begin), 0);
    if (!job.types.empty()) {
      const std::vector<int32_t>& types = job.types[index];
      plan_.types.insert(plan_.types.end(), types.begin(), types.end());
    }
    plan_.types.resize(plan_.tokens.size(), 0);
  }
  plan_.groups.push_back(group);
  plan_.pools.push_back(
      {.out = job.out + static_cast<int64_t>(index) * job.width,
       .pooling = job.pooling,
       .normalize = job.normalize});
  ++job.in_flight;
  return true;
}

void Stepper::CommitEmbeds() {
  book_->pages().Release(embed_pages_);
  for (size_t i = embeds_.size(); i-- > 0;) {
    EmbedJob& job = *embeds_[i];
    for (; job.in_flight > 0; --job.in_flight, ++job.finished) {
      book_->counters().prompt_tokens += job.inputs[job.finished].size();
    }
    if (job.cancelled) {
      FinishEmbed(job, job.status);
    } else if (job.finished == job.inputs.size()) {
      FinishEmbed(job, OkStatus());
    }
  }
}

// The inputs of the step wait for the next one.
void Stepper::AbandonEmbeds() noexcept {
  book_->pages().Release(embed_pages_);
  for (size_t i = embeds_.size(); i-- > 0;) {
    EmbedJob& job = *embeds_[i];
    job.in_flight = 0;
    if (job.cancelled) FinishEmbed(job, job.status);
  }
}

void Stepper::FinishEmbed(EmbedJob& job, const Status& status) noexcept {
  job.status = status;
  job.done = true;
  embeds_.erase(std::remove(embeds_.begin(), embeds_.end(), &job),
                embeds_.end());
}

bool Stepper::DropNewestEmbed(const Status& status) noexcept {
  AbandonEmbeds();  // it may have failed while it was planned
  if (embeds_.empty()) return false;
  FinishEmbed(*embeds_.back(), status);
  return true;
}

void Stepper::StopEmbeds(const Status& status) {
  for (size_t i = embeds_.size(); i-- > 0;) {
    EmbedJob& job = *embeds_[i];
    if (job.in_flight == 0) {
      FinishEmbed(job, status);
    } else {
      job.cancelled = true;
      job.status = status;
    }
  }
}

}  // namespace inlay::engine
