// The part of a step that decides what runs.
#include <utility>

#include "cpp/engine/stepper.h"

namespace inlay::engine {

bool Stepper::Plan() {
  book_->Expire(draining_ ? -1 : pause_timeout_ns_);
  plan_.Clear();
  encode_.Clear();
  encode_.encode = true;
  encoded_.clear();
  decision_.Clear();
  planned_.clear();
  kind_ = Kind::kTransfer;
  if (transfer_ != nullptr && PlanTransfer()) return true;
  kind_ = Kind::kEmbed;
  if (embeds() && PlanEmbed()) return true;
  kind_ = Kind::kScore;
  const bool turn = score_ != nullptr && (!scored_last_ || book_->empty());
  scored_last_ = turn && PlanScore();
  if (scored_last_) return true;
  kind_ = Kind::kRequests;
  TakeSnapshot();
  Decide();
  // One that only takes pages is carried out too; the next finds them free.
  if (!decision_.work.empty() || !decision_.preempt.empty()) return true;
  // No request can run (all are paused, or the job has their pages), so the
  // job need not wait for its turn.
  kind_ = Kind::kScore;
  scored_last_ = score_ != nullptr && PlanScore();
  return scored_last_;
}

void Stepper::Decide() {
  try {
    scheduler_.Decide({.requests = views_,
                       .tenants = book_->tenants().views(),
                       .free_pages = book_->pages().free_count(),
                       .free_swap_pages = book_->swap().free_count(),
                       .now_ns = book_->NowNs(),
                       .reuse = this,
                       .cost = &cost_},
                      &decision_);
  } catch (...) {
    WithdrawPromises();
    throw;
  }
}

// Of those that were to join and have not: they would wait for themselves.
void Stepper::WithdrawPromises() noexcept {
  for (const scheduler::Work& work : decision_.work) {
    const LiveRequest* request = Planned(work.index);
    if (request != nullptr && !request->admitted) {
      book_->pages().Withdraw(request->id);
    }
  }
}

// Null if it has ended, which one without rows may do while a step computes.
LiveRequest* Stepper::Planned(int32_t index) noexcept {
  return book_->Find(ids_[static_cast<size_t>(index)]);
}

int64_t Stepper::NextExpiry() const {
  return book_->NextExpiry(draining_ ? -1 : pause_timeout_ns_);
}

bool Stepper::LooksPaused(LiveRequest& request, int64_t now) {
  const bool slow =
      !draining_ && request.published_start && book_->events().Full(request.id);
  if (!slow) {
    request.paused_ns = kNever;
  } else if (request.paused_ns == kNever) {
    request.paused_ns = now;
    // Nobody shall wait for what it computes.
    book_->pages().Withdraw(request.id);
  }
  return slow || request.held;
}

// Pages that a fork takes before it can write.
int32_t Stepper::CopyPages(const LiveRequest& request) const {
  const std::span<const int32_t> pages = request.table.pages();
  const size_t page = static_cast<size_t>(request.cached / limits_.page_tokens);
  return page < pages.size() && book_->pages().references(pages[page]) > 1 ? 1
                                                                           : 0;
}

void Stepper::TakeSnapshot() {
  order_.clear();
  ids_.clear();
  views_.clear();
  const int64_t now = book_->NowNs();
  for (const auto& [id, request] : book_->requests()) {
    const bool paused = LooksPaused(*request, now);
    order_.push_back(request.get());
    ids_.push_back(id);
    views_.push_back(
        {.known_tokens = request->known(),
         .cached_tokens = request->cached,
         .pages = request->table.page_count(),
         .own_pages =
             request->admitted ? book_->pages().OwnPages(request->table) : 0,
         .swapped_pages = static_cast<int32_t>(request->swap_slots.size()),
         .admitted = request->admitted,
         .paused = paused,
         .logits_per_row = request->next_score() < request->prompt_count,
         .priority = request->priority,
         .tenant = request->tenant,
         .arrival_ns = request->submit_ns,
         .deadline_ns = request->deadline_ns,
         .admission = request->admission,
         .copy_pages = CopyPages(*request),
         .whole_tokens = request->encoder_places,
         .whole_rows = request->encoder_count});
  }
}

scheduler::Reuse Stepper::Look(int32_t index) {
  const LiveRequest& request = *order_[static_cast<size_t>(index)];
  // What was scored is not in the cache.
  if (!request.shares || !request.swap_slots.empty() ||
      request.next_score() < request.prompt_count) {
    return {};
  }
  const cache::PrefixMatch match = book_->pages().Find(
      request.domain, request.first_tokens(request.known() - 1));
  // A part of an encoder's input is of no use.
  if (match.tokens < request.encoder_places) return {.waits = match.promised};
  return {.tokens = match.tokens,
          .pages = match.pages,
          .idle_pages = match.idle_pages,
          .waits = match.promised};
}

// Those next in line with the same beginning wait for what it computes.
void Stepper::Joined(int32_t index) {
  LiveRequest& request = *order_[static_cast<size_t>(index)];
  if (!request.shares) return;
  book_->pages().Promise(request.domain, request.tokens, request.id);
}

}  // namespace inlay::engine
