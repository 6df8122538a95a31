#include "cpp/engine/book.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"

namespace inlay::engine {
namespace {

double Seconds(int64_t ns) { return static_cast<double>(ns) * 1e-9; }

}  // namespace

Book::Book(EventQueue* events, const Clock* clock, int32_t page_count,
           int32_t page_tokens, SwapSpace swap)
    : pages_(page_count, page_tokens),
      swap_(std::move(swap)),
      events_(events),
      clock_(clock) {}

void Book::Enter(LiveRequest& request) {
  request.submit_ns = NowNs();
  if (request.deadline_ns != kNever &&
      !CheckedAdd(request.submit_ns, request.deadline_ns,
                  &request.deadline_ns)) {
    request.deadline_ns = kNever;
  }
}

void Book::Add(std::unique_ptr<LiveRequest> request) {
  Enter(*request);
  LiveRequest& entry = *request;
  // Either of these may fail; then neither has happened.
  auto place = requests_.emplace(entry.id, std::move(request)).first;
  try {
    events_->Open(
        entry.id,
        {.request_id = entry.request_id, .user_data = entry.user_data},
        std::move(entry.sink));
  } catch (...) {
    requests_.erase(place);
    throw;
  }
  if (entry.session != nullptr) entry.session->request = entry.id;
  ChangeQueued(entry, 1);
  ++counters_.submitted;
}

LiveRequest* Book::Find(uint64_t id) {
  const auto found = requests_.find(id);
  return found == requests_.end() ? nullptr : found->second.get();
}

LiveRequest* Book::FindSingle(uint64_t request_id) {
  const auto found = requests_.find(request_id);
  return found == requests_.end() || found->second->group != nullptr
             ? nullptr
             : found->second.get();
}

bool Book::Contains(uint64_t request_id) {
  return FindSingle(request_id) != nullptr || FindGroup(request_id) != nullptr;
}

bool Book::Started(uint64_t request_id) {
  if (const LiveRequest* request = FindSingle(request_id)) {
    return request->started;
  }
  const ChoiceGroup* group = FindGroup(request_id);
  if (group == nullptr) return false;
  return std::any_of(group->members.begin(), group->members.end(),
                     [](const LiveRequest* member) {
                       return member == nullptr || member->started;
                     });
}

void Book::ChangeQueued(const LiveRequest& request, int sign) noexcept {
  queued_ += sign;
  queued_tokens_ += sign * int64_t{request.known()};
}

void Book::FlushText(LiveRequest& request) noexcept {
  if (!request.text.has_value() || request.dropped) return;
  try {
    std::string rest;
    request.text->Finish(&rest);
    if (request.withheld.has_value()) {
      request.withheld->text += rest;
    } else {
      events_->PublishText(request.id, rest);
    }
  } catch (...) {
    // Out of memory: the end of the text is lost, its terminal event is not.
  }
}

void Book::Publish(LiveRequest& request, bool partial) noexcept {
  if (!request.shares || request.moving) return;
  if (request.table.page_count() == 0) return;
  PublishPages(request.domain, request.first_tokens(request.cached), partial,
               request.table, request.id);
}

void Book::PublishPages(const std::string& domain,
                        std::span<const int32_t> tokens, bool partial,
                        cache::PageTable& table, uint64_t owner) noexcept {
  if (tokens.empty()) return;
  try {
    pages_.Publish(domain, tokens, partial, table, owner);
  } catch (...) {
    // Out of memory: nobody will find these pages.
  }
}

void Book::CloseSession(LiveRequest& request, EventKind kind) noexcept {
  if (request.session == nullptr) return;
  request.session->request = 0;
  request.session->busy = false;
  const SessionDomain& domain = *request.session->domain;
  if (domain.own && domain.sessions == 0) pages_.Forget(domain.key);
  if (kind == EventKind::kFinished) {
    request.session->tokens = std::move(request.tokens);
  }
}

void Book::Remove(LiveRequest& request, EventKind kind, FinishReason reason,
                  Status status) noexcept {
  request.usage.generated_tokens = request.generated_count();
  request.usage.total_ns = NowNs() - request.submit_ns;
  if (!request.started) request.usage.queued_ns = request.usage.total_ns;
  if (!request.admitted) ChangeQueued(request, -1);
  // What it computed stays for those that come with the same beginning.
  Publish(request, /*partial=*/true);
  pages_.Withdraw(request.id);
  pages_.Release(request.table);
  swap_.Return(&request.swap_slots);
  if (request.group == nullptr) {
    tenants_.Leave(request.tenant);
    Count(kind, reason, request.usage);
    events_->PublishEnd(request.id, kind, reason, std::move(status),
                        request.usage);
  } else {
    EndChoice(request, kind, reason, std::move(status));
  }
  CloseSession(request, kind);
  const uint64_t id = request.id;  // must outlive the request
  requests_.erase(id);
}

void Book::Count(EventKind kind, FinishReason reason,
                 const Usage& usage) noexcept {
  if (kind == EventKind::kFailed) {
    ++counters_.failed;
  } else if (reason == FinishReason::kCancelled) {
    ++counters_.cancelled;
  } else {
    ++counters_.finished;
  }
  histograms_.queued.Add(Seconds(usage.queued_ns));
  histograms_.total.Add(Seconds(usage.total_ns));
  if (usage.generated_tokens == 0) return;
  histograms_.first_token.Add(Seconds(usage.first_token_ns));
  if (usage.generated_tokens == 1) return;
  histograms_.per_token.Add(Seconds(usage.total_ns - usage.first_token_ns) /
                            (usage.generated_tokens - 1));
}

void Book::End(LiveRequest& request, FinishReason reason) noexcept {
  FlushText(request);
  Remove(request, EventKind::kFinished, reason, OkStatus());
}

void Book::Fail(LiveRequest& request, Status status) noexcept {
  Remove(request, EventKind::kFailed, FinishReason::kError, std::move(status));
}

void Book::FailAll(const Status& status) noexcept {
  while (!requests_.empty()) Fail(*requests_.begin()->second, status);
}

void Book::CancelOne(LiveRequest& request, bool drop) noexcept {
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

bool Book::Cancel(uint64_t request_id, bool drop) noexcept {
  if (LiveRequest* request = FindSingle(request_id)) {
    CancelOne(*request, drop);
    return true;
  }
  ChoiceGroup* group = FindGroup(request_id);
  if (group == nullptr) return false;
  if (drop) {  // also what waits of choices that have ended
    for (uint64_t id : group->member_ids) events_->Drop(id);
  }
  if (drop) group->answers.clear();
  // The group goes with its last member.
  int32_t left = group->live;
  for (size_t i = 0; left > 0; ++i) {
    if (group->members[i] == nullptr) continue;
    --left;
    CancelOne(*group->members[i], drop);
  }
  return true;
}

void Book::CancelAll() noexcept {
  for (auto next = requests_.begin(); next != requests_.end();) {
    // A sequence that ends may take its siblings along.
    const uint64_t id = next->first;
    CancelOne(*next->second, /*drop=*/false);
    next = requests_.upper_bound(id);
  }
}

void Book::Expire(int64_t pause_timeout_ns) {
  const int64_t now = NowNs();
  for (auto next = requests_.begin(); next != requests_.end();) {
    const uint64_t id = next->first;
    LiveRequest& request = *next->second;
    if (request.deadline_ns <= now) {
      End(request, FinishReason::kDeadline);
    } else if (pause_timeout_ns >= 0 && request.paused_ns != kNever &&
               now - request.paused_ns >= pause_timeout_ns) {
      Fail(request, absl::ResourceExhaustedError(
                        absl::StrCat("its events were not taken for ",
                                     pause_timeout_ns / 1000000, " ms")));
    }
    next = requests_.upper_bound(id);
  }
}

int64_t Book::NextExpiry(int64_t pause_timeout_ns) const {
  int64_t next = kNever;
  for (const auto& [id, request] : requests_) {
    next = std::min(next, request->deadline_ns);
    int64_t pause_end = kNever;
    if (pause_timeout_ns >= 0 && request->paused_ns != kNever &&
        CheckedAdd(request->paused_ns, pause_timeout_ns, &pause_end)) {
      next = std::min(next, pause_end);
    }
  }
  return next;
}

void Book::Admit(LiveRequest& request) noexcept {
  if (std::exchange(request.admitted, true)) return;
  request.admission = ++admissions_;
  ChangeQueued(request, -1);
}

void Book::Preempt(LiveRequest& request) noexcept {
  Publish(request, /*partial=*/false);
  pages_.Withdraw(request.id);
  pages_.Release(request.table);
  swap_.Return(&request.swap_slots);
  request.cached = 0;
  if (!std::exchange(request.admitted, false)) return;
  ++request.usage.preemptions;
  ++counters_.preempted_recompute;
  ChangeQueued(request, 1);
}

void Book::PreemptToSwap(LiveRequest& request) noexcept {
  pages_.Withdraw(request.id);
  pages_.Release(request.table);
  if (!std::exchange(request.admitted, false)) return;
  ++request.usage.preemptions;
  ++counters_.preempted_swap;
  ChangeQueued(request, 1);
}

}  // namespace inlay::engine
