// The functions of the library that the load runner calls, played by a test.
#ifndef INLAY_TESTS_CLI_FAKE_LIBRARY_H_
#define INLAY_TESTS_CLI_FAKE_LIBRARY_H_

#include <inlay/inlay.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace inlay::cli {

struct Submitted {
  inlay_request request;  // its pointers are not valid
  std::vector<int32_t> tokens;
  std::string tenant;
  std::string cache_domain;
};

// An engine is a pointer to one of these.
struct FakeLibrary {
  // Says what a submit returns, and queues events; called with the mutex held.
  std::function<inlay_status(FakeLibrary&, uint64_t id)> on_submit;
  std::function<void(FakeLibrary&, uint64_t id)> on_cancel;
  // Events are kept back until so many were submitted.
  size_t hold_until = 0;

  // A terminal event follows `tokens` deltas of one.
  void Queue(uint64_t id, int32_t tokens, int32_t kind, int32_t reason);
  void QueueOne(uint64_t id, int32_t kind, int32_t reason, size_t tokens);
  inlay_engine* engine() { return reinterpret_cast<inlay_engine*>(this); }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Submitted> submitted;  // id 1 is the first
  std::deque<inlay_event> events;
};

}  // namespace inlay::cli

#endif  // INLAY_TESTS_CLI_FAKE_LIBRARY_H_
