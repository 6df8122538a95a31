#include "cpp/engine/book.h"

#include <algorithm>
#include <utility>

#include "cpp/base/checked.h"

namespace inlay::engine {

void Book::Add(std::unique_ptr<LiveRequest> request) {
  request->submit_ns = NowNs();
  if (request->deadline_ns != kNever &&
      !CheckedAdd(request->submit_ns, request->deadline_ns,
                  &request->deadline_ns)) {
    request->deadline_ns = kNever;
  }
  const uint64_t id = request->id;
  const uint64_t user_data = request->user_data;
  std::shared_ptr<EventSink> sink = request->sink;
  // Either of these may fail; then neither has happened.
  auto place = requests_.emplace(id, std::move(request)).first;
  try {
    events_->Open(id, user_data, std::move(sink));
  } catch (...) {
    requests_.erase(place);
    throw;
  }
  ++queued_;
  ++counters_.submitted;
}

LiveRequest* Book::Find(uint64_t id) {
  const auto found = requests_.find(id);
  return found == requests_.end() ? nullptr : found->second.get();
}

void Book::FlushText(LiveRequest& request) noexcept {
  if (!request.text.has_value() || request.dropped) return;
  try {
    std::string rest;
    request.text->Finish(&rest);
    events_->PublishText(request.id, rest);
  } catch (...) {
    // Out of memory: the end of the text is lost, its terminal event is not.
  }
}

void Book::Remove(LiveRequest& request, EventKind kind, FinishReason reason,
                  Status status) noexcept {
  request.table.Release(pool_);
  request.usage.generated_tokens = request.generated_count();
  request.usage.total_ns = NowNs() - request.submit_ns;
  if (!request.started) request.usage.queued_ns = request.usage.total_ns;
  events_->PublishEnd(request.id, kind, reason, std::move(status),
                      request.usage);
  if (!request.admitted) --queued_;
  const uint64_t id = request.id;  // must outlive the request
  requests_.erase(id);
}

void Book::End(LiveRequest& request, FinishReason reason) noexcept {
  ++(reason == FinishReason::kCancelled ? counters_.cancelled
                                        : counters_.finished);
  FlushText(request);
  Remove(request, EventKind::kFinished, reason, OkStatus());
}

void Book::Fail(LiveRequest& request, Status status) noexcept {
  ++counters_.failed;
  Remove(request, EventKind::kFailed, FinishReason::kError, std::move(status));
}

void Book::FailAll(const Status& status) noexcept {
  while (!requests_.empty()) Fail(*requests_.begin()->second, status);
}

void Book::Cancel(LiveRequest& request, bool drop) noexcept {
  if (drop) {
    request.dropped = true;
    events_->Drop(request.id);
  }
  if (request.in_flight) {
    request.cancelled = true;
  } else {
    End(request, FinishReason::kCancelled);
  }
}

void Book::CancelAll() noexcept {
  for (auto next = requests_.begin(); next != requests_.end();) {
    LiveRequest& request = *(next++)->second;
    Cancel(request, /*drop=*/false);
  }
}

void Book::ExpireDeadlines() {
  const int64_t now = NowNs();
  for (auto next = requests_.begin(); next != requests_.end();) {
    LiveRequest& request = *(next++)->second;
    if (request.deadline_ns <= now) End(request, FinishReason::kDeadline);
  }
}

int64_t Book::NextDeadline() const {
  int64_t next = kNever;
  for (const auto& [id, request] : requests_) {
    next = std::min(next, request->deadline_ns);
  }
  return next;
}

void Book::Preempt(LiveRequest& request) noexcept {
  request.table.Release(pool_);
  request.cached = 0;
  if (std::exchange(request.admitted, false)) ++queued_;
}

void Book::Admit(LiveRequest& request) noexcept {
  if (!std::exchange(request.admitted, true)) --queued_;
}

}  // namespace inlay::engine
