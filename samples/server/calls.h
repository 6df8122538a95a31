// Calls of clients as requests of the one engine, which computes all of them
// together.
#ifndef SAMPLES_SERVER_CALLS_H_
#define SAMPLES_SERVER_CALLS_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <inlay/inlay.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace server {

// A generated token with its log-probabilities, where they were asked for.
struct Token {
  int32_t id = 0;
  float logprob = 0;
  std::vector<std::pair<int32_t, float>> top;
};

// A copy of what the engine reports.
struct Event {
  int choice = 0;  // among all answers of the call
  std::string text;
  std::vector<Token> tokens;
  bool ends_choice = false;
  bool ends_request = false;
  int32_t finish_reason = INLAY_FINISH_NONE;
  inlay_status status = INLAY_OK;  // otherwise the request failed
  std::string message;
  int32_t prompt_tokens = 0;
  int32_t generated_tokens = 0;
  int32_t cached_tokens = 0;
};

// Where the events of one call wait for the thread that serves it.
class Mailbox {
 public:
  void Put(Event event);
  // False if none came in time.
  bool Take(std::chrono::milliseconds wait, Event* event);

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<Event> events_;
};

// The requests that answer one call of a client. What still runs when it is
// destroyed is cancelled.
class Call {
 public:
  explicit Call(inlay::Engine engine) : engine_(std::move(engine)) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  // Throws inlay::Error. The choices of requests count on from each other.
  void Submit(inlay::Request request);
  // False if no event came in time; not after the last one.
  bool Next(std::chrono::milliseconds wait, Event* event);

  bool ended() const { return running_ == 0; }
  int choices() const { return choices_; }

 private:
  inlay::Engine engine_;
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::vector<uint64_t> ids_;
  size_t running_ = 0;
  int choices_ = 0;
};

// For inlay_engine_options::on_events: brings events to their mailboxes.
void Deliver(void* user_data, const inlay_event* events, size_t event_size,
             size_t count);

}  // namespace server

#endif  // SAMPLES_SERVER_CALLS_H_
