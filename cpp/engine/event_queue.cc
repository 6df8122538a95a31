#include "cpp/engine/event_queue.h"

#include <utility>

#include "cpp/base/clock.h"

namespace inlay::engine {

void EventQueue::Open(uint64_t id, const EventOwner& owner,
                      std::shared_ptr<EventSink> sink) {
  MutexLock lock(mutex_);
  Boxes box;
  box.emplace_back(id, owner, std::move(sink));
  index_.emplace(id, box.begin());
  quiet_.splice(quiet_.end(), box);
}

void EventQueue::Discard(uint64_t id) noexcept {
  MutexLock lock(mutex_);
  const auto found = index_.find(id);
  if (found == index_.end()) return;
  Boxes& list = found->second->empty() ? quiet_ : ready_;
  list.erase(found->second);
  index_.erase(found);
  UpdateHandle();
}

Outbox* EventQueue::Find(uint64_t id) {
  const auto found = index_.find(id);
  return found == index_.end() ? nullptr : &*found->second;
}

void EventQueue::HandOn(uint64_t id) {
  const auto found = index_.find(id);
  const auto box = found->second;
  while (!box->empty()) {
    Event event;
    const bool last = box->Take(&event);
    box->sink()->OnEvent(std::move(event));
    if (last) {
      index_.erase(found);
      quiet_.erase(box);
      return;
    }
  }
}

void EventQueue::Changed(uint64_t id, bool was_empty) {
  const auto box = index_.find(id)->second;
  if (box->sink() != nullptr) return HandOn(id);
  if (was_empty) ready_.splice(ready_.end(), quiet_, box);
  UpdateHandle();
  changed_.NotifyAll();
}

void EventQueue::UpdateHandle() {
  const bool readable = !ready_.empty() || woken_ || at_end_;
  if (readable == readable_) return;
  readable_ = readable;
  if (handle_ == nullptr) return;
  if (readable) {
    handle_->Set();
  } else {
    handle_->Clear();
  }
}

void EventQueue::PublishStarted(uint64_t id) {
  MutexLock lock(mutex_);
  Outbox* box = Find(id);
  if (box == nullptr) return;
  const bool was_empty = box->empty();
  box->SetStarted();
  Changed(id, was_empty);
}

void EventQueue::PublishProgress(uint64_t id, int32_t done, int32_t total) {
  MutexLock lock(mutex_);
  Outbox* box = Find(id);
  if (box == nullptr) return;
  const bool was_empty = box->empty();
  box->SetProgress(done, total);
  Changed(id, was_empty);
}

void EventQueue::PublishPrompt(uint64_t id, Event&& prompt) {
  MutexLock lock(mutex_);
  Outbox* box = Find(id);
  if (box == nullptr) return;
  const bool was_empty = box->empty();
  box->SetPrompt(std::move(prompt));
  Changed(id, was_empty);
}

void EventQueue::PublishDelta(uint64_t id, const DeltaPart& part) {
  MutexLock lock(mutex_);
  Outbox* box = Find(id);
  if (box == nullptr) return;
  const bool was_empty = box->empty();
  box->AddDelta(part);
  Changed(id, was_empty);
}

void EventQueue::PublishText(uint64_t id, std::string_view text) {
  MutexLock lock(mutex_);
  Outbox* box = Find(id);
  if (box == nullptr || text.empty()) return;
  const bool was_empty = box->empty();
  box->AddText(text);
  Changed(id, was_empty);
}

void EventQueue::PublishWhole(uint64_t id, Event&& answer) {
  MutexLock lock(mutex_);
  Outbox* box = Find(id);
  if (box == nullptr) return;
  const bool was_empty = box->empty();
  box->SetWhole(std::move(answer));
  Changed(id, was_empty);
}

void EventQueue::PublishEnd(uint64_t id, EventKind kind, FinishReason reason,
                            Status status, const Usage& usage,
                            double score) noexcept {
  MutexLock lock(mutex_);
  Outbox* box = Find(id);
  if (box == nullptr) return;
  const bool was_empty = box->empty();
  box->SetTerminal(kind, reason, std::move(status), usage, score);
  Changed(id, was_empty);
}

void EventQueue::Drop(uint64_t id) {
  MutexLock lock(mutex_);
  Outbox* box = Find(id);
  if (box == nullptr || box->empty()) return;
  box->Drop();
  if (!box->empty()) return;  // its last event stays
  quiet_.splice(quiet_.end(), ready_, index_.find(id)->second);
  UpdateHandle();
}

bool EventQueue::Full(uint64_t id) {
  MutexLock lock(mutex_);
  const Outbox* box = Find(id);
  return box != nullptr && box->merged() >= max_pending_;
}

bool EventQueue::Contains(uint64_t id) {
  MutexLock lock(mutex_);
  return Find(id) != nullptr;
}

uint64_t EventQueue::pending() {
  MutexLock lock(mutex_);
  uint64_t count = 0;
  for (const Outbox& box : ready_)
    count += static_cast<uint64_t>(box.waiting());
  return count;
}

bool EventQueue::Empty() {
  MutexLock lock(mutex_);
  return ready_.empty();
}

bool EventQueue::Take(size_t max, std::vector<Event>* out) {
  MutexLock lock(mutex_);
  bool room = false;
  while (!ready_.empty() && max > 0) {
    const auto box = ready_.begin();
    const bool was_full = box->merged() >= max_pending_;
    out->emplace_back();  // may throw; the event still waits then
    const bool last = box->Take(&out->back());
    room = room || (was_full && box->merged() == 0);
    --max;
    if (last) {
      index_.erase(box->id());
      ready_.erase(box);
    } else if (box->empty()) {
      quiet_.splice(quiet_.end(), ready_, box);
    }
  }
  UpdateHandle();
  return room;
}

void EventQueue::Wait(int64_t timeout_ns) {
  const Clock& clock = Clock::Monotonic();
  const int64_t start = clock.NowNs();
  MutexLock lock(mutex_);
  while (ready_.empty() && !woken_ && !at_end_) {
    int64_t left = -1;
    if (timeout_ns >= 0) {
      left = timeout_ns - (clock.NowNs() - start);
      if (left <= 0) break;
    }
    changed_.WaitFor(mutex_, left);
  }
  woken_ = false;
  UpdateHandle();
}

void EventQueue::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  UpdateHandle();
  changed_.NotifyAll();
}

void EventQueue::EndOfEvents() {
  MutexLock lock(mutex_);
  at_end_ = true;
  UpdateHandle();
  changed_.NotifyAll();
}

bool EventQueue::AtEnd() {
  MutexLock lock(mutex_);
  return at_end_ && ready_.empty();
}

StatusOr<int> EventQueue::Handle() {
  MutexLock lock(mutex_);
  if (handle_ == nullptr) {
    INLAY_ASSIGN_OR_RETURN(handle_, WaitHandle::Create());
    if (readable_) handle_->Set();
  }
  return handle_->descriptor();
}

}  // namespace inlay::engine
