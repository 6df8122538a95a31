#include "cpp/cli/serve_runner.h"

#include <algorithm>
#include <thread>

#include "cpp/cli/session.h"
#include "cpp/cli/terminal.h"

namespace inlay::cli {
namespace {

constexpr int64_t kPollNs = 100'000'000;  // how soon Ctrl-C is noticed
constexpr size_t kEventsAtOnce = 256;

}  // namespace

ServeRunner::ServeRunner(inlay_engine* engine, const ServeLoad& load)
    : engine_(engine), load_(load), live_(load.plan.size()) {
  for (size_t i = 0; i < live_.size(); ++i) {
    RequestRecord& record = live_[i].record;
    record.plan = load.plan[i];
    // Recording must not cost more in one step than in another.
    record.arrived.reserve(static_cast<size_t>(record.plan.output_tokens));
  }
}

int64_t ServeRunner::Now() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() -
                                                              start_)
      .count();
}

// False if the run was stopped.
bool ServeRunner::WaitUntil(int64_t ns) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !stopped_.wait_until(lock, start_ + std::chrono::nanoseconds(ns),
                              [&] { return stop_; });
}

// False if a full queue refused it.
bool ServeRunner::Submit(size_t index, const std::vector<int32_t>& tokens) {
  RequestRecord& record = live_[index].record;
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  part.kind = INLAY_PART_TOKENS;
  part.tokens = tokens.data();
  part.token_count = tokens.size();
  inlay_request request = load_.sampling;
  request.parts = &part;
  request.part_size = sizeof part;
  request.part_count = 1;
  request.max_tokens = record.plan.output_tokens;
  request.flags |= INLAY_REQUEST_IGNORE_END | INLAY_REQUEST_NO_SPECIAL;
  request.seed += index;
  request.priority = record.plan.priority;
  request.user_data = &live_[index];
  if (record.plan.tenant >= 0) {
    const Tenant& tenant =
        load_.spec.tenants[static_cast<size_t>(record.plan.tenant)];
    request.tenant = tenant.name.data();
    request.tenant_size = tenant.name.size();
  }
  std::string domain;
  if (load_.cache_domains > 1) {
    domain = std::to_string(index % static_cast<size_t>(load_.cache_domains));
    request.cache_domain = domain.data();
    request.cache_domain_size = domain.size();
  }
  uint64_t id = 0;
  inlay_error error = INLAY_ERROR_INIT;
  record.submitted_ns = Now();
  const inlay_status status = inlay_submit(engine_, &request, &id, &error);
  if (status == INLAY_OK) return true;
  if (status != INLAY_ERR_RESOURCE_EXHAUSTED) {
    throw Error(status, std::string(error.message, error.message_size));
  }
  record.submitted_ns = -1;
  record.outcome = Outcome::kRefused;
  record.error.assign(error.message, error.message_size);
  return false;
}

void ServeRunner::SubmitAll() {
  try {
    for (size_t i = 0; i < load_.plan.size(); ++i) {
      const std::vector<int32_t> tokens =
          PromptTokens(load_.spec, i, load_.plan[i], load_.vocabulary);
      if (!WaitUntil(load_.plan[i].arrival_ns)) return;
      if (!Submit(i, tokens)) ++refused_;
    }
  } catch (...) {
    error_ = std::current_exception();
    broken_ = true;
  }
}

void ServeRunner::CancelIfDue(const inlay_event& event, Live* live) {
  const int32_t after = live->record.plan.cancel_after;
  if (after < 0 || live->cancel_sent || live->tokens < after) return;
  live->cancel_sent = true;
  // One that ended meanwhile is not found: nothing to do.
  inlay_cancel(event.request_id, INLAY_CANCEL_STOP, nullptr);
}

void ServeRunner::Take(const inlay_event& event, int64_t now) {
  Live* const live = static_cast<Live*>(event.user_data);
  if (live == nullptr) return;
  RequestRecord& record = live->record;
  switch (event.kind) {
    case INLAY_EVENT_STARTED:
      if (record.seen_ns < 0) record.seen_ns = now;
      CancelIfDue(event, live);
      return;
    case INLAY_EVENT_DELTA: {
      const auto tokens = static_cast<int32_t>(event.token_count);
      if (tokens == 0) return;
      live->tokens += tokens;
      record.arrived.push_back({now, tokens});
      CancelIfDue(event, live);
      return;
    }
    case INLAY_EVENT_FAILED:
      record.error.assign(event.message, event.message_size);
      record.outcome = Outcome::kFailed;
      break;
    case INLAY_EVENT_FINISHED:
      record.outcome = event.finish_reason == INLAY_FINISH_CANCELLED
                           ? Outcome::kCancelled
                           : Outcome::kFinished;
      break;
    default:
      return;
  }
  if (record.seen_ns >= 0) {
    record.started_ns =
        std::min(record.seen_ns, record.submitted_ns + event.queued_ns);
  }
  record.end_ns = now;
  record.generated = live->tokens;
  record.cached_tokens = event.cached_tokens;
  record.preemptions = event.preemptions;
  ++ended_;
}

void ServeRunner::PollAll(bool show_progress) {
  Progress progress;
  std::vector<inlay_event> events(kEventsAtOnce, INLAY_EVENT_INIT);
  while (ended_ + refused_ < live_.size()) {
    size_t count = 0;
    detail::Call(inlay_poll, engine_, events.data(), sizeof(inlay_event),
                 events.size(), kPollNs, &count);
    const int64_t now = Now();
    if (Interrupted()) throw InterruptedError();
    if (broken_) std::rethrow_exception(error_);
    for (size_t i = 0; i < count; ++i) Take(events[i], now);
    if (show_progress) progress.Show("bench serve", ended_, live_.size());
  }
}

std::vector<RequestRecord> ServeRunner::Run(bool show_progress) {
  start_ = Clock::now();
  std::thread submitting([this] { SubmitAll(); });
  // However the polling ends, the thread is told and awaited.
  struct Joiner {
    ServeRunner* runner;
    std::thread* thread;
    ~Joiner() {
      {
        const std::lock_guard<std::mutex> lock(runner->mutex_);
        runner->stop_ = true;
      }
      runner->stopped_.notify_all();
      thread->join();
    }
  };
  {
    Joiner joiner{this, &submitting};
    PollAll(show_progress);
  }
  std::vector<RequestRecord> records;
  for (Live& live : live_) records.push_back(std::move(live.record));
  return records;
}

}  // namespace inlay::cli
