#include "calls.h"

#include <algorithm>

namespace server {
namespace {

// The user_data of a request.
struct Address {
  std::shared_ptr<Mailbox> mailbox;
  int first_choice;
  bool has_many;
};

void ReleaseAddress(void* address) { delete static_cast<Address*>(address); }

void CopyTokens(const inlay_event& from, Event* to) {
  to->tokens.resize(from.token_count);
  for (size_t i = 0; i < from.token_count; ++i) {
    Token& token = to->tokens[i];
    token.id = from.tokens[i];
    if (from.logprobs != nullptr) token.logprob = from.logprobs[i];
    if (from.top_tokens == nullptr) continue;
    for (size_t k = i * from.top_count; k < (i + 1) * from.top_count; ++k) {
      token.top.emplace_back(from.top_tokens[k], from.top_logprobs[k]);
    }
  }
}

Event Copy(const inlay_event& from, const Address& address) {
  Event to;
  to.choice = address.first_choice + from.choice;
  if (from.kind == INLAY_EVENT_DELTA) {
    to.text.assign(inlay::detail::View(from.text, from.text_size));
    CopyTokens(from, &to);
    return to;
  }
  to.ends_request = from.kind != INLAY_EVENT_CHOICE;
  // The one answer of a request has no event of its own for its end.
  to.ends_choice = from.kind == INLAY_EVENT_CHOICE || !address.has_many;
  to.finish_reason = from.finish_reason;
  to.status = from.kind == INLAY_EVENT_FAILED ? from.status : INLAY_OK;
  to.message.assign(inlay::detail::View(from.message, from.message_size));
  to.prompt_tokens = from.prompt_tokens;
  to.generated_tokens = from.generated_tokens;
  to.cached_tokens = from.cached_tokens;
  return to;
}

void DeliverOne(const inlay_event& event) noexcept {
  if (event.user_data == nullptr) return;
  if (event.kind != INLAY_EVENT_DELTA && event.kind != INLAY_EVENT_CHOICE &&
      event.kind != INLAY_EVENT_FINISHED && event.kind != INLAY_EVENT_FAILED) {
    return;
  }
  const auto& address = *static_cast<const Address*>(event.user_data);
  address.mailbox->Put(Copy(event, address));
}

}  // namespace

void Mailbox::Put(Event event) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(std::move(event));
  }
  filled_.notify_one();
}

bool Mailbox::Take(std::chrono::milliseconds wait, Event* event) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!filled_.wait_for(lock, wait, [&] { return !events_.empty(); })) {
    return false;
  }
  *event = std::move(events_.front());
  events_.pop_front();
  return true;
}

Call::~Call() {
  if (ended()) return;
  // Those that have ended are not found, which does no harm.
  for (const uint64_t id : ids_) {
    inlay_cancel(id, INLAY_CANCEL_DROP, nullptr);
  }
}

void Call::Submit(inlay::Request request) {
  const int choices = std::max<int>(1, request.raw.choices);
  auto address =
      std::make_unique<Address>(Address{mailbox_, choices_, choices > 1});
  request.raw.user_data = address.get();
  request.raw.release = &ReleaseAddress;
  ids_.reserve(ids_.size() + 1);
  const uint64_t id = engine_.submit(request);
  address.release();  // NOLINT: the engine gives it back
  ids_.push_back(id);
  ++running_;
  choices_ += choices;
}

bool Call::Next(std::chrono::milliseconds wait, Event* event) {
  if (!mailbox_->Take(wait, event)) return false;
  if (event->ends_request) --running_;
  return true;
}

void Deliver(void* /*user_data*/, const inlay_event* events, size_t event_size,
             size_t count) {
  const char* at = reinterpret_cast<const char*>(events);
  for (size_t i = 0; i < count; ++i, at += event_size) {
    DeliverOne(*reinterpret_cast<const inlay_event*>(at));
  }
}

}  // namespace server
