// The choices of one request.
#include <algorithm>
#include <numeric>
#include <utility>

#include "cpp/engine/book.h"

namespace inlay::engine {
namespace {

// The mean log-probability of an answer and its end id, so that one that ends
// at once is judged by that.
double MeanLogprob(const LiveRequest& request) {
  const int32_t count = request.ranked_count;
  return count == 0 ? 0.0 : request.sum_logprob / count;
}

void AddUsage(const Usage& usage, bool first, Usage* total) {
  const int32_t generated = total->generated_tokens;
  const int32_t preemptions = total->preemptions;
  const int64_t queued = total->queued_ns;
  const int64_t first_token = total->first_token_ns;
  const int32_t cached = total->cached_tokens;
  const int64_t end = total->total_ns;
  *total = usage;
  total->generated_tokens += generated;
  total->preemptions += preemptions;
  total->total_ns = std::max(total->total_ns, end);
  if (first) return;
  // The others found the first one's prompt in the cache.
  total->cached_tokens = std::min(total->cached_tokens, cached);
  total->queued_ns = std::min(total->queued_ns, queued);
  if (first_token > 0) {
    total->first_token_ns = usage.first_token_ns > 0
                                ? std::min(usage.first_token_ns, first_token)
                                : first_token;
  }
}

}  // namespace

void Book::AddGroup(std::unique_ptr<ChoiceGroup> group,
                    std::vector<std::unique_ptr<LiveRequest>> members) {
  const uint64_t group_id = group->id;
  ChoiceGroup& entry = *group;
  const EventOwner owner = {.request_id = group_id,
                            .user_data = members.front()->user_data};
  std::shared_ptr<EventSink> sink = members.front()->sink;
  std::vector<uint64_t> added;
  try {
    added.reserve(members.size());
    groups_.emplace(group_id, std::move(group));
    events_->Open(group_id, owner, sink);
    for (std::unique_ptr<LiveRequest>& member : members) {
      Enter(*member);
      LiveRequest& request = *member;
      events_->Open(request.id,
                    {.request_id = group_id,
                     .user_data = request.user_data,
                     .choice = request.choice},
                    sink);
      added.push_back(request.id);
      requests_.emplace(request.id, std::move(member));
      entry.members.push_back(&request);
      entry.member_ids.push_back(request.id);
    }
  } catch (...) {
    for (uint64_t id : added) {
      events_->Discard(id);
      requests_.erase(id);
    }
    events_->Discard(group_id);
    groups_.erase(group_id);
    throw;
  }
  entry.live = static_cast<int32_t>(entry.members.size());
  for (const LiveRequest* member : entry.members) ChangeQueued(*member, 1);
  ++counters_.submitted;
}

ChoiceGroup* Book::FindGroup(uint64_t request_id) {
  const auto found = groups_.find(request_id);
  return found == groups_.end() ? nullptr : found->second.get();
}

void Book::KeepAnswer(LiveRequest& request, FinishReason reason) noexcept {
  ChoiceGroup& group = *request.group;
  if (group.beams() || request.dropped) return;  // the search keeps beams
  // Room was reserved.
  group.answers.push_back({.output = std::move(*request.withheld),
                           .reason = reason,
                           .score = MeanLogprob(request),
                           .choice = request.choice,
                           .usage = request.usage});
}

void Book::EndChoice(LiveRequest& request, EventKind kind, FinishReason reason,
                     Status status) noexcept {
  ChoiceGroup& group = *request.group;
  group.members[static_cast<size_t>(request.choice)] = nullptr;
  AddUsage(request.usage, group.live == group.size(), &group.usage);
  --group.live;
  const auto cut = [](FinishReason of) {
    return of == FinishReason::kCancelled || of == FinishReason::kDeadline;
  };
  // The first choice's, whichever ends first.
  if (cut(reason) || group.reason == FinishReason::kNone ||
      (request.choice == 0 && !cut(group.reason))) {
    group.reason = reason;
  }
  const bool first_failure = kind == EventKind::kFailed && group.failure.ok();
  if (first_failure) group.failure = std::move(status);
  if (group.withholds()) {
    if (kind == EventKind::kFinished) KeepAnswer(request, reason);
  } else if (kind == EventKind::kFinished) {
    events_->PublishEnd(request.id, EventKind::kChoice, reason, OkStatus(),
                        request.usage, MeanLogprob(request));
  } else {
    events_->Discard(request.id);
  }
  if (first_failure && group.live > 0) {
    // The request has failed, so what is left of it is in vain. Each of these
    // comes back here once, with the failure set.
    for (int32_t left = group.live, i = 0; left > 0; ++i) {
      LiveRequest* member = group.members[static_cast<size_t>(i)];
      if (member == nullptr) continue;
      --left;
      CancelOne(*member, /*drop=*/true);
    }
    return;
  }
  if (group.live == 0) EndGroup(group);
}

void Book::EndGroup(ChoiceGroup& group) noexcept {
  if (group.withholds() && group.failure.ok()) {
    try {
      PublishAnswers(group);
    } catch (...) {
      group.failure = Status(absl::StatusCode::kResourceExhausted, "");
    }
  }
  if (group.withholds()) {
    for (uint64_t id : group.member_ids) {
      const bool reported =
          group.failure.ok() &&
          std::find(group.member_ids.begin(),
                    group.member_ids.begin() + group.choices.count,
                    id) != group.member_ids.begin() + group.choices.count;
      if (!reported) events_->Discard(id);
    }
  }
  const EventKind kind =
      group.failure.ok() ? EventKind::kFinished : EventKind::kFailed;
  const FinishReason reason =
      group.failure.ok() ? group.reason : FinishReason::kError;
  Count(kind, reason, group.usage);
  events_->PublishEnd(group.id, kind, reason, std::move(group.failure),
                      group.usage);
  tenants_.Leave(group.tenant);
  if (!group.own_domain.empty()) pages_.Forget(group.own_domain);
  const uint64_t id = group.id;  // must outlive the group
  groups_.erase(id);
}

// The best answers go out in the boxes of the first choices.
void Book::PublishAnswers(ChoiceGroup& group) {
  // Not in the order in which they ended, which depends on the neighbours.
  std::stable_sort(group.answers.begin(), group.answers.end(),
                   [](const Answer& a, const Answer& b) {
                     return a.score != b.score ? a.score > b.score
                                               : a.choice < b.choice;
                   });
  const size_t count =
      std::min(group.answers.size(), static_cast<size_t>(group.choices.count));
  for (size_t i = 0; i < static_cast<size_t>(group.choices.count); ++i) {
    const uint64_t box = group.member_ids[i];
    if (i >= count) {  // cancelled before there was an answer
      events_->PublishEnd(box, EventKind::kChoice, group.reason, OkStatus(),
                          Usage());
      continue;
    }
    Answer& answer = group.answers[i];
    Event whole;
    whole.tokens = std::move(answer.output.tokens);
    whole.text = std::move(answer.output.text);
    whole.logprobs = std::move(answer.output.logprobs);
    whole.top = std::move(answer.output.top);
    events_->PublishWhole(box, std::move(whole));
    events_->PublishEnd(box, EventKind::kChoice, answer.reason, OkStatus(),
                        answer.usage, answer.score);
  }
  if (count > 0 && group.reason != FinishReason::kCancelled &&
      group.reason != FinishReason::kDeadline) {
    group.reason = group.answers.front().reason;
  }
}

}  // namespace inlay::engine
