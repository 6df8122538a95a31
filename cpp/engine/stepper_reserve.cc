// The part of a step that takes pages and lays out rows.
#include <algorithm>
#include <utility>

#include "cpp/engine/stepper.h"

namespace inlay::engine {

using scheduler::PageTransfer;

Status Stepper::Reserve() {
  if (kind_ != Kind::kRequests) return OkStatus();
  try {
    for (const scheduler::Preemption& preemption : decision_.preempt) {
      SwapOutOrPreempt(preemption);
    }
    const int64_t now = book_->NowNs();
    // What is reused is taken before other pages are given out, which may
    // evict it.
    for (const scheduler::Work& work : decision_.work) {
      const Status joined = Join(*order_[work.index], now);
      if (!joined.ok()) {
        Abandon(joined);
        return joined;
      }
    }
    for (const scheduler::Work& work : decision_.work) {
      LiveRequest& request = *order_[work.index];
      const int32_t rows =
          std::min(work.rows, request.known() - request.cached);
      const bool encodes = request.cached < request.encoder_places;
      if (encodes && rows != request.encoder_places) continue;
      if (!Hold(request, rows)) continue;
      if (encodes) {
        AddEncoderGroup(request);
      } else {
        AddGroup(request, rows);
      }
    }
    AddCopies();
    outcomes_.reserve(planned_.size() + encoded_.size());
  } catch (...) {
    Abandon(Status(absl::StatusCode::kResourceExhausted, ""));
    throw;
  }
  if (!planned_.empty() || !encoded_.empty() || decision_.work.empty()) {
    return OkStatus();
  }
  const Status twice =
      absl::InternalError("the scheduler gave out a page twice");
  Abandon(twice);
  return twice;
}

void Stepper::SwapOutOrPreempt(const scheduler::Preemption& preemption) {
  LiveRequest& request = *order_[preemption.index];
  const int32_t count = cache::PagesFor(request.cached, limits_.page_tokens);
  // First, so that slots are taken only with a list of what goes there.
  plan_.transfers.reserve(plan_.transfers.size() + static_cast<size_t>(count));
  if (!preemption.swap || count == 0 ||
      !book_->swap().Take(count, &request.swap_slots)) {
    book_->Preempt(request);
    return;
  }
  for (int32_t i = 0; i < count; ++i) {
    const size_t page = static_cast<size_t>(i);
    plan_.transfers.push_back(
        {.kind = PageTransfer::Kind::kOut,
         .from = request.table.pages()[page],
         .host = book_->swap().data(request.swap_slots[page])});
  }
  book_->PreemptToSwap(request);
}

Status Stepper::Join(LiveRequest& request, int64_t now) {
  if (!request.admitted) {
    if (!request.swap_slots.empty()) {
      INLAY_RETURN_IF_ERROR(BringBack(request));
    } else {
      TakeFromCache(request);
    }
    book_->Admit(request);
  }
  if (!std::exchange(request.started, true)) {
    request.usage.queued_ns = now - request.submit_ns;
  }
  return OkStatus();
}

Status Stepper::BringBack(LiveRequest& request) {
  const int32_t count = static_cast<int32_t>(request.swap_slots.size());
  if (!book_->pages().Grow(request.table, count)) {
    return absl::InternalError("a swapped request came back without room");
  }
  for (int32_t i = 0; i < count; ++i) {
    const size_t page = static_cast<size_t>(i);
    plan_.transfers.push_back(
        {.kind = PageTransfer::Kind::kIn,
         .to = request.table.pages()[page],
         .host = book_->swap().data(request.swap_slots[page])});
  }
  request.moving = true;
  // Nothing goes out to these slots in this step: what goes out went before.
  book_->swap().Return(&request.swap_slots);
  return OkStatus();
}

void Stepper::TakeFromCache(LiveRequest& request) {
  if (!request.shares || request.next_score() < request.prompt_count) return;
  const auto known = request.first_tokens(request.known() - 1);
  if (request.encoder_places > 0 &&
      book_->pages().Find(request.domain, known).tokens <
          request.encoder_places) {
    return;
  }
  request.cached =
      book_->pages().Adopt(request.domain, known, request.table, &copies_);
  request.moving = !copies_.empty();
  AddCopies();
  if (!request.started) {
    request.usage.cached_tokens =
        request.given(std::min(request.cached, request.prompt_count));
  }
}

// Pages for `rows` more tokens, and the first of them its own. Where a fork
// needs a copy beyond what was planned and none is free, it waits a step.
bool Stepper::Hold(LiveRequest& request, int32_t rows) {
  const int32_t pages =
      cache::PagesFor(request.cached + rows, limits_.page_tokens);
  if (rows <= 0 || !book_->pages().Grow(request.table, pages)) return false;
  const size_t before = copies_.size();
  const bool writable =
      book_->pages().MakeWritable(request.table, request.cached, &copies_);
  request.moving = request.moving || copies_.size() > before;
  return writable;
}

void Stepper::AddCopies() {
  for (const cache::PageCopy& copy : copies_) {
    plan_.transfers.push_back(
        {.kind = PageTransfer::Kind::kCopy, .from = copy.from, .to = copy.to});
  }
  copies_.clear();
}

void Stepper::AddBlocks(const cache::PageTable& table, int32_t tokens,
                        scheduler::StepPlan* plan) {
  const auto pages = table.pages().first(
      static_cast<size_t>(cache::PagesFor(tokens, limits_.page_tokens)));
  plan->blocks.insert(plan->blocks.end(), pages.begin(), pages.end());
}

// The whole input, in the step of the encoder.
void Stepper::AddEncoderInput(std::span<const int32_t> tokens,
                              const cache::PageTable& table, uint64_t id) {
  scheduler::RowGroup group;
  group.request_id = id;
  group.row_begin = encode_.rows();
  group.row_count = static_cast<int32_t>(tokens.size());
  group.block_begin = static_cast<int32_t>(encode_.blocks.size());
  AddBlocks(table, group.row_count, &encode_);
  group.block_count =
      static_cast<int32_t>(encode_.blocks.size()) - group.block_begin;
  encode_.tokens.insert(encode_.tokens.end(), tokens.begin(), tokens.end());
  for (int32_t i = 0; i < group.row_count; ++i) encode_.positions.push_back(i);
  encode_.groups.push_back(group);
}

void Stepper::AddEncoderGroup(LiveRequest& request) {
  AddEncoderInput(request.first_tokens(request.encoder_count), request.table,
                  request.id);
  encoded_.push_back(&request);
  request.in_flight = true;
  StepRecord& record = trace_.record();
  ++record.requests;
  record.rows += request.encoder_count;
}

void Stepper::AddGroup(LiveRequest& request, int32_t rows) {
  scheduler::RowGroup group;
  group.request_id = request.id;
  group.row_begin = plan_.rows();
  group.row_count = rows;
  // The decoder counts from the page behind the encoder's input.
  group.position = request.cached - request.encoder_places;
  group.encoder_length = request.encoder_count;
  group.encoder_block_begin = static_cast<int32_t>(plan_.blocks.size());
  group.encoder_block_count = request.encoder_places / limits_.page_tokens;
  AddBlocks(request.table, request.cached + rows, &plan_);
  group.block_begin = group.encoder_block_begin + group.encoder_block_count;
  group.block_count =
      static_cast<int32_t>(plan_.blocks.size()) - group.block_begin;
  for (int32_t i = 0; i < rows; ++i) {
    plan_.tokens.push_back(request.tokens[request.cached + i]);
    plan_.positions.push_back(group.position + i);
  }
  AddSamples(request, &group);
  planned_.push_back(&request);
  request.in_flight = true;
  plan_.groups.push_back(group);
  StepRecord& record = trace_.record();
  ++record.requests;
  record.rows += rows;
  record.decodes += request.known() - request.cached == 1 ? 1 : 0;
}

// The row of the last known token has a successor to find; those before it
// may have a log-probability to report.
void Stepper::AddSamples(LiveRequest& request, scheduler::RowGroup* group) {
  group->logits_begin = static_cast<int32_t>(plan_.logits_rows.size());
  group->sample_begin = static_cast<int32_t>(plan_.samples.size());
  const int32_t begin = request.cached;
  const int32_t end = begin + group->row_count;
  const auto add = [&](int32_t position, int32_t target) {
    plan_.logits_rows.push_back(group->row_begin + position - begin);
    plan_.samples.push_back({.params = &request.params,
                             .prompt = request.prompt(),
                             .generated = request.generated(),
                             .position = static_cast<uint64_t>(
                                 position + 1 - request.encoder_places),
                             .target = target,
                             .state = &request.sampler});
  };
  const int32_t first = std::max(begin, request.next_score() - 1);
  for (int32_t p = first; p < end && p + 1 < request.prompt_count; ++p) {
    add(p, request.tokens[static_cast<size_t>(p) + 1]);
  }
  if (end == request.known()) add(end - 1, -1);
  group->logits_count =
      static_cast<int32_t>(plan_.logits_rows.size()) - group->logits_begin;
  group->sample_count = group->logits_count;
}

}  // namespace inlay::engine
