#include "cpp/engine/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace inlay::engine {
namespace {

// Pages of one step that only moves pages.
constexpr int32_t kTransferPages = 64;

Status Busy() {
  return absl::FailedPreconditionError("a request continues this session");
}

}  // namespace

std::vector<int32_t> SessionImpl::tokens() const {
  return engine_->SessionTokens(*state_);
}

bool SessionImpl::busy() const { return engine_->SessionBusy(*state_); }

StatusOr<std::shared_ptr<Session>> SessionImpl::Fork() {
  return engine_->ForkSession(*state_);
}

Status SessionImpl::Truncate(int32_t count) {
  return engine_->TruncateSession(*state_, count);
}

Status SessionImpl::Save(const Write& write) {
  return engine_->SaveSession(*state_, write);
}

std::vector<int32_t> EngineImpl::SessionTokens(const SessionState& state) {
  MutexLock lock(mutex_);
  if (const LiveRequest* request = book_.Find(state.request)) {
    return request->tokens;
  }
  return state.tokens;
}

bool EngineImpl::SessionBusy(const SessionState& state) {
  MutexLock lock(mutex_);
  return state.busy;
}

std::shared_ptr<Session> EngineImpl::MakeSession(
    std::vector<int32_t> tokens, std::shared_ptr<SessionDomain> domain) {
  auto state = std::make_shared<SessionState>();
  state->tokens = std::move(tokens);
  state->domain = std::move(domain);
  auto session =
      std::make_shared<SessionImpl>(shared_from_this(), std::move(state));
  ++session->state()->domain->sessions;
  ++book_.counters().sessions;
  return session;
}

void EngineImpl::LeaveSession(SessionState& state) {
  MutexLock lock(mutex_);
  --book_.counters().sessions;
  SessionDomain& domain = *state.domain;
  if (--domain.sessions == 0 && domain.own && !state.busy) {
    book_.pages().Forget(domain.key);
  }
}

StatusOr<std::shared_ptr<Session>> EngineImpl::CreateSession(
    const std::string& cache_domain) {
  INLAY_RETURN_IF_ERROR(CheckName(cache_domain, "cache_domain"));
  auto domain = std::make_shared<SessionDomain>();
  domain->own = !prefix_cache_;
  domain->key = domain->own ? absl::StrCat("s", NextRequestId())
                            : absl::StrCat("d", cache_domain);
  MutexLock lock(mutex_);
  INLAY_RETURN_IF_ERROR(Refusal());
  return MakeSession({}, std::move(domain));
}

StatusOr<std::shared_ptr<Session>> EngineImpl::ForkSession(
    SessionState& state) {
  MutexLock lock(mutex_);
  INLAY_RETURN_IF_ERROR(Refusal());
  LiveRequest* request = book_.Find(state.request);
  if (request == nullptr) return MakeSession(state.tokens, state.domain);
  // What its last page holds so far is found by the fork too.
  book_.Publish(*request, /*partial=*/true);
  return MakeSession(request->tokens, state.domain);
}

Status EngineImpl::TruncateSession(SessionState& state, int32_t count) {
  MutexLock lock(mutex_);
  if (state.busy) return Busy();
  if (count < 0 || static_cast<size_t>(count) > state.tokens.size()) {
    return absl::OutOfRangeError(absl::StrCat(
        "a session of ", state.tokens.size(), " tokens cannot keep ", count));
  }
  state.tokens.resize(static_cast<size_t>(count));
  return OkStatus();
}

StatusOr<std::shared_ptr<SessionState>> EngineImpl::ClaimSession(
    const Session& session, std::vector<int32_t>* tokens) {
  // There is no other kind of session.
  const auto& handle = static_cast<const SessionImpl&>(session);
  if (handle.engine() != this) {
    return absl::InvalidArgumentError("the session is of another engine");
  }
  MutexLock lock(mutex_);
  SessionState& state = *handle.state();
  if (state.busy) return Busy();
  *tokens = state.tokens;
  state.busy = true;
  return handle.state();
}

void EngineImpl::UnclaimSession(SessionState& state) {
  MutexLock lock(mutex_);
  state.busy = false;
}

StatusOr<SessionHeader> EngineImpl::OwnSessionHeader() {
  SessionHeader header;
  INLAY_ASSIGN_OR_RETURN(header.model_identity, ModelIdentity(model_->file()));
  header.kv_type = static_cast<int32_t>(config_.kv_type);
  header.page_tokens = config_.page_tokens;
  header.page_bytes = stepper_.page_bytes();
  header.recipe = model_->weights()->recipe().substr(0, kMaxRecipeBytes);
  return header;
}

void EngineImpl::AwaitTransferTurn() {
  while (state_ == EngineState::kRunning && stepper_.transfer() != nullptr) {
    changed_.Wait(mutex_);
  }
}

Status EngineImpl::RunTransfer(std::vector<scheduler::PageTransfer> transfers) {
  if (transfers.empty()) return OkStatus();
  TransferJob job;
  job.transfers = std::move(transfers);
  {
    MutexLock lock(mutex_);
    AwaitTransferTurn();
    INLAY_RETURN_IF_ERROR(Refusal());
    stepper_.StartTransfer(&job);
  }
  signal_->Notify();
  WaitFor(job.done);
  return job.status;
}

// Takes the pages of a session that is not busy; returns how many of its tokens
// they hold. A page that is copied may be given to others as soon as the lock
// is released, so its copy is made before any step of requests.
StatusOr<int32_t> EngineImpl::PinSession(SessionState& state, PinnedPages* pin,
                                         std::vector<int32_t>* tokens) {
  TransferJob job;
  int32_t cached = 0;
  {
    MutexLock lock(mutex_);
    AwaitTransferTurn();
    INLAY_RETURN_IF_ERROR(Refusal());
    if (state.busy) return Busy();
    *tokens = state.tokens;
    cached = pin->Adopt(state.domain->key, *tokens, &job.transfers);
    if (job.transfers.empty()) return cached;
    stepper_.StartTransfer(&job);
  }
  signal_->Notify();
  WaitFor(job.done);
  INLAY_RETURN_IF_ERROR(job.status);
  return cached;
}

Status EngineImpl::SavePages(const cache::PageTable& table,
                             SessionWriter* writer) {
  const size_t page_bytes = stepper_.page_bytes();
  const std::span<const int32_t> pages = table.pages();
  INLAY_ASSIGN_OR_RETURN(
      Buffer block,
      model_->context()->memory()->Allocate(
          page_bytes * std::min<size_t>(pages.size() + 1, kTransferPages),
          "pages of a session"));
  for (size_t begin = 0; begin < pages.size(); begin += kTransferPages) {
    const size_t count = std::min<size_t>(kTransferPages, pages.size() - begin);
    std::vector<scheduler::PageTransfer> transfers;
    for (size_t i = 0; i < count; ++i) {
      transfers.push_back({.kind = scheduler::PageTransfer::Kind::kOut,
                           .from = pages[begin + i],
                           .host = block.data() + i * page_bytes});
    }
    INLAY_RETURN_IF_ERROR(RunTransfer(std::move(transfers)));
    INLAY_RETURN_IF_ERROR(writer->Bytes({block.data(), count * page_bytes}));
  }
  return writer->Finish();
}

Status EngineImpl::SaveSession(SessionState& state,
                               const Session::Write& write) {
  if (InCallback()) return absl::AbortedError("Save inside a callback");
  INLAY_ASSIGN_OR_RETURN(SessionHeader header, OwnSessionHeader());
  std::vector<int32_t> tokens;
  PinnedPages pin(this);
  INLAY_ASSIGN_OR_RETURN(header.cached_count, PinSession(state, &pin, &tokens));
  header.token_count = static_cast<int32_t>(tokens.size());
  SessionWriter writer(write);
  INLAY_RETURN_IF_ERROR(writer.Header(header));
  INLAY_RETURN_IF_ERROR(writer.Tokens(tokens));
  return SavePages(pin.table, &writer);
}

// Reads pages while there is room for them; the rest is computed when it is
// needed. Returns the tokens that were kept.
StatusOr<int32_t> EngineImpl::LoadPages(const SessionHeader& header,
                                        SessionReader* reader,
                                        cache::PageTable* table) {
  const size_t page_bytes = stepper_.page_bytes();
  const int32_t pages =
      cache::PagesFor(header.cached_count, config_.page_tokens);
  INLAY_ASSIGN_OR_RETURN(
      Buffer block,
      model_->context()->memory()->Allocate(
          page_bytes * static_cast<size_t>(std::min(pages + 1, kTransferPages)),
          "pages of a session"));
  int32_t kept = header.cached_count;
  for (int32_t begin = 0; begin < pages; begin += kTransferPages) {
    const int32_t count = std::min(kTransferPages, pages - begin);
    const size_t bytes = static_cast<size_t>(count) * page_bytes;
    INLAY_RETURN_IF_ERROR(reader->Bytes({block.data(), bytes}));
    if (kept < header.cached_count) continue;  // only to its end
    std::vector<scheduler::PageTransfer> transfers;
    {
      MutexLock lock(mutex_);
      if (!book_.pages().Grow(*table, begin + count)) {
        kept = begin * config_.page_tokens;
        continue;
      }
      for (int32_t i = 0; i < count; ++i) {
        transfers.push_back(
            {.kind = scheduler::PageTransfer::Kind::kIn,
             .to = table->pages()[static_cast<size_t>(begin + i)],
             .host = block.data() + static_cast<size_t>(i) * page_bytes});
      }
    }
    INLAY_RETURN_IF_ERROR(RunTransfer(std::move(transfers)));
  }
  INLAY_RETURN_IF_ERROR(reader->Finish());
  return kept;
}

StatusOr<std::shared_ptr<Session>> EngineImpl::LoadSession(const Read& read) {
  if (InCallback()) return absl::AbortedError("Load inside a callback");
  SessionReader reader(read);
  INLAY_ASSIGN_OR_RETURN(const SessionHeader header, reader.Header());
  INLAY_ASSIGN_OR_RETURN(const SessionHeader own, OwnSessionHeader());
  INLAY_RETURN_IF_ERROR(CheckSameSetup(header, own));
  // One that is full can still be read, or shortened.
  if (header.token_count > config_.context_length) {
    return absl::OutOfRangeError(
        absl::StrCat("the session has ", header.token_count,
                     " tokens; the context holds ", config_.context_length));
  }
  INLAY_ASSIGN_OR_RETURN(
      std::vector<int32_t> tokens,
      reader.Tokens(header.token_count, limits_.vocabulary_size));
  PinnedPages pin(this);
  INLAY_ASSIGN_OR_RETURN(const int32_t kept,
                         LoadPages(header, &reader, &pin.table));
  // Others must not take pages whose content somebody else wrote.
  auto domain = std::make_shared<SessionDomain>();
  domain->own = true;
  const uint64_t id = NextRequestId();
  domain->key = absl::StrCat("s", id);
  MutexLock lock(mutex_);
  INLAY_RETURN_IF_ERROR(Refusal());
  auto session = MakeSession(std::move(tokens), std::move(domain));
  const auto& state = static_cast<const SessionImpl&>(*session).state();
  book_.PublishPages(state->domain->key,
                     std::span(state->tokens).first(static_cast<size_t>(kept)),
                     /*partial=*/true, pin.table, id);
  return session;
}

int32_t EngineImpl::PinnedPages::Adopt(
    const std::string& domain, std::span<const int32_t> tokens,
    std::vector<scheduler::PageTransfer>* copies) {
  std::vector<cache::PageCopy> made;
  const int32_t cached =
      engine->book_.pages().Adopt(domain, tokens, table, &made);
  for (const cache::PageCopy& copy : made) {
    copies->push_back({.kind = scheduler::PageTransfer::Kind::kCopy,
                       .from = copy.from,
                       .to = copy.to});
  }
  return cached;
}

EngineImpl::PinnedPages::~PinnedPages() {
  {
    MutexLock lock(engine->mutex_);
    engine->book_.pages().Release(table);
  }
  // Requests may wait for these pages.
  engine->signal_->Notify();
}

}  // namespace inlay::engine
