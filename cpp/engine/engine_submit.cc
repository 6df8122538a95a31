// How a request comes in.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "cpp/engine/engine_impl.h"
#include "cpp/engine/session.h"

namespace inlay::engine {
namespace {

constexpr int64_t kLeastRetryNs = 10'000'000;
constexpr int64_t kMostRetryNs = 60'000'000'000;

// When a place in the queue may be free: after the mean request in it.
int64_t RetryAfterNs(const Book& book) {
  const EngineHistograms& seen = book.histograms();
  if (seen.step_rows.sum() <= 0 || book.queued() == 0) return kLeastRetryNs;
  const double ns_per_token = seen.step.sum() / seen.step_rows.sum() * 1e9;
  const double tokens = static_cast<double>(book.queued_tokens()) /
                        static_cast<double>(book.queued());
  const double wait =
      std::min(tokens * ns_per_token, static_cast<double>(kMostRetryNs));
  return std::max(static_cast<int64_t>(wait), kLeastRetryNs);
}

}  // namespace

Status EngineImpl::QueueFull(std::string_view what) const {
  Status status = absl::ResourceExhaustedError(what);
  status.SetPayload(kRetryAfterPayload,
                    absl::Cord(absl::StrCat(RetryAfterNs(book_))));
  return status;
}

StatusOr<uint64_t> EngineImpl::Submit(Request request) {
  INLAY_RETURN_IF_ERROR(CheckGenerates());
  std::vector<int32_t> before;
  std::shared_ptr<SessionState> session;
  if (request.session != nullptr) {
    INLAY_ASSIGN_OR_RETURN(session, ClaimSession(*request.session, &before));
  }
  StatusOr<uint64_t> id = absl::InternalError("");
  try {
    // Tokenising takes time and needs no lock.
    StatusOr<std::unique_ptr<LiveRequest>> live =
        PrepareRequest(limits_, request, before);
    if (live.ok()) {
      (*live)->session = session;
      id = Enqueue(std::move(*live), request);
    } else {
      id = live.status();
    }
  } catch (...) {
    if (session != nullptr) UnclaimSession(*session);
    throw;
  }
  if (!id.ok() && session != nullptr) UnclaimSession(*session);
  if (id.ok()) signal_->Notify();
  return id;
}

// `sequences` of them come, one for each choice.
Status EngineImpl::CheckQueue(const LiveRequest& live, int32_t sequences) {
  // An empty queue takes any one request.
  if (book_.queued() > 0 ? book_.queued() + sequences > config_.max_queue
                         : config_.max_queue < 1) {
    return QueueFull(absl::StrCat("the queue holds ", config_.max_queue,
                                  " waiting requests"));
  }
  if (book_.queued() > 0 &&
      book_.queued_tokens() + int64_t{sequences} * live.known() >
          max_queue_tokens_) {
    return QueueFull(absl::StrCat("the queue holds ", book_.queued_tokens(),
                                  " tokens of at most ", max_queue_tokens_));
  }
  return OkStatus();
}

// Where its part of the cache is shared. Keys of callers, of sessions and of
// requests by themselves begin differently.
void EngineImpl::ChooseDomain(const Request& request, LiveRequest* live) {
  if (live->session != nullptr) {
    live->domain = live->session->domain->key;
    live->shares = true;
  } else if (prefix_cache_ && request.share_prefix) {
    live->domain = absl::StrCat("d", request.cache_domain);
    live->shares = true;
  }
  if (live->encoder_count > 0 && live->shares) {
    // What an encoder leaves depends on all of its input: a wall around each.
    live->domain = absl::StrCat("e", live->encoder_count, ":");
    live->domain.append(
        reinterpret_cast<const char*>(live->tokens.data()),
        static_cast<size_t>(live->encoder_count) * sizeof(int32_t));
    live->domain += request.cache_domain;
  }
}

StatusOr<uint64_t> EngineImpl::Enqueue(std::unique_ptr<LiveRequest> live,
                                       const Request& request) {
  MutexLock lock(mutex_);
  INLAY_RETURN_IF_ERROR(Refusal());
  INLAY_RETURN_IF_ERROR(CheckQueue(*live, SequenceCount(request.choices)));
  const uint64_t id = live->id = live->request_id = NextRequestId();
  ChooseDomain(request, live.get());
  INLAY_ASSIGN_OR_RETURN(live->tenant, book_.tenants().Enter(request.tenant));
  const int32_t tenant = live->tenant;
  try {
    AddToBook(std::move(live), request.choices);
  } catch (...) {
    book_.tenants().Leave(tenant);
    throw;
  }
  return id;
}

void EngineImpl::AddToBook(std::unique_ptr<LiveRequest> live,
                           const Choices& choices) {
  auto group = std::make_unique<ChoiceGroup>();
  group->choices = choices;
  if (group->size() == 1) {
    book_.Add(std::move(live));
    return;
  }
  group->id = live->id;
  group->tenant = live->tenant;
  if (!live->shares) {
    // Among themselves the choices always share.
    live->domain = group->own_domain = absl::StrCat("g", live->id);
    live->shares = true;
  }
  std::vector<std::unique_ptr<LiveRequest>> members =
      PrepareChoices(*live, limits_.vocabulary_size, group.get());
  for (const auto& member : members) member->id = NextRequestId();
  book_.AddGroup(std::move(group), std::move(members));
}

}  // namespace inlay::engine
