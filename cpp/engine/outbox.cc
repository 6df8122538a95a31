#include "cpp/engine/outbox.h"

#include <algorithm>
#include <utility>

namespace inlay::engine {
namespace {

// Room for `count` more, in steps that double.
template <typename Array>
void MakeRoom(Array* array, size_t count) {
  const size_t wanted = array->size() + count;
  if (wanted > array->capacity()) {
    array->reserve(std::max(wanted, 2 * array->capacity()));
  }
}

}  // namespace

void Outbox::SetProgress(int32_t done, int32_t total) {
  progress_ = true;
  done_ = done;
  total_ = total;
}

void Outbox::SetPrompt(Event&& prompt) {
  prompt_ = std::move(prompt);
  scored_ = true;
}

void Outbox::AddDelta(const DeltaPart& part) {
  // Room first, so that a failed allocation leaves the event as it was.
  MakeRoom(&delta_.text, part.text.size());
  MakeRoom(&delta_.tokens, 1);
  if (part.has_logprobs) {
    MakeRoom(&delta_.logprobs, 1);
    if (part.top != nullptr) MakeRoom(&delta_.top, part.top->size());
  }
  if (part.has_logprobs) {
    delta_.logprobs.push_back(part.logprob);
    if (part.top != nullptr) {
      delta_.top.insert(delta_.top.end(), part.top->begin(), part.top->end());
    }
  }
  delta_.tokens.push_back(part.token);
  delta_.text.append(part.text);
  ++merged_;
}

void Outbox::AddText(std::string_view text) {
  if (text.empty()) return;
  delta_.text.append(text);
  tail_ = true;
}

void Outbox::SetWhole(Event&& answer) {
  delta_ = std::move(answer);
  merged_ = static_cast<int32_t>(delta_.tokens.size());
  tail_ = true;
}

void Outbox::Drop() {
  started_ = progress_ = scored_ = tail_ = false;
  merged_ = 0;
  prompt_ = Event();
  delta_ = Event();
}

void Outbox::SetTerminal(EventKind kind, FinishReason reason, Status status,
                         const Usage& usage, double score) {
  terminal_ = ended_ = true;
  last_kind_ = kind;
  reason_ = reason;
  status_ = std::move(status);
  usage_ = usage;
  score_ = score;
}

void Outbox::Label(Event* event) const {
  event->request_id = owner_.request_id;
  event->user_data = owner_.user_data;
  event->choice = owner_.choice;
}

Event Outbox::Make(EventKind kind) const {
  Event event;
  event.kind = kind;
  Label(&event);
  return event;
}

bool Outbox::Take(Event* event) {
  if (std::exchange(started_, false)) {
    *event = Make(EventKind::kStarted);
    return false;
  }
  if (std::exchange(progress_, false)) {
    *event = Make(EventKind::kProgress);
    event->progress_done = done_;
    event->progress_total = total_;
    return false;
  }
  if (std::exchange(scored_, false)) {
    *event = std::exchange(prompt_, Event());
    event->kind = EventKind::kPrompt;
    Label(event);
    return false;
  }
  if (merged_ > 0 || tail_) {
    *event = std::exchange(delta_, Event());
    event->kind = EventKind::kDelta;
    Label(event);
    merged_ = 0;
    tail_ = false;
    return false;
  }
  terminal_ = false;
  *event = Make(last_kind_);
  event->reason = reason_;
  event->status = std::move(status_);
  event->usage = usage_;
  event->score = score_;
  return true;
}

}  // namespace inlay::engine
