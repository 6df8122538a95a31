#include "capi/src/event_record.h"

#include <utility>

#include "capi/src/outcome.h"

namespace inlay::capi {
namespace {

void SplitTop(const engine::Event& event, EventExtra* extra,
              inlay_event* record) {
  if (event.top.empty() || event.tokens.empty()) return;
  extra->top_tokens.reserve(event.top.size());
  extra->top_logprobs.reserve(event.top.size());
  for (const sampling::TokenLogprob& top : event.top) {
    extra->top_tokens.push_back(top.token);
    extra->top_logprobs.push_back(top.logprob);
  }
  record->top_tokens = extra->top_tokens.data();
  record->top_logprobs = extra->top_logprobs.data();
  record->top_count = event.top.size() / event.tokens.size();
}

}  // namespace

void AddUsage(const engine::Usage& usage, inlay_event* record) noexcept {
  record->prompt_tokens = usage.prompt_tokens;
  record->generated_tokens = usage.generated_tokens;
  record->queued_ns = usage.queued_ns;
  record->first_token_ns = usage.first_token_ns;
  record->total_ns = usage.total_ns;
  record->cached_tokens = usage.cached_tokens;
  record->preemptions = usage.preemptions;
}

inlay_event ToRecord(const engine::Event& event, void* user_data,
                     EventExtra* extra) noexcept {
  inlay_event record = INLAY_EVENT_INIT;
  record.kind = static_cast<int32_t>(event.kind);
  record.request_id = event.request_id;
  record.user_data = user_data;
  record.text = event.text.c_str();
  record.text_size = event.text.size();
  record.tokens = event.tokens.data();
  record.token_count = event.tokens.size();
  if (!event.logprobs.empty()) record.logprobs = event.logprobs.data();
  record.progress_done = event.progress_done;
  record.progress_total = event.progress_total;
  record.message = "";
  record.choice = event.choice;
  record.score = event.score;
  if (IsTerminal(event) || event.kind == engine::EventKind::kChoice) {
    record.finish_reason = static_cast<int32_t>(event.reason);
    AddUsage(event.usage, &record);
  }
  record.status = StatusCodeOf(event.status);
  try {
    SplitTop(event, extra, &record);
    if (!event.status.ok()) {
      extra->message = std::string(event.status.message());
      record.message = extra->message.c_str();
      record.message_size = extra->message.size();
    }
  } catch (...) {
    // Only an allocation can fail here; see the header.
  }
  return record;
}

void EventBatch::Reserve(size_t capacity) {
  events_.reserve(capacity);
  extras_.reserve(capacity);
}

void EventBatch::Clear() noexcept {
  events_.clear();
  extras_.clear();
}

void EventBatch::Add(engine::Event&& event) noexcept {
  events_.push_back(std::move(event));
  extras_.emplace_back();
}

}  // namespace inlay::capi
