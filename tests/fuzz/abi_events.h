// Books of what the library owes its host: one terminal event for each
// accepted request, one call of each release function. Push engines write to
// them from their own thread.
#ifndef INLAY_TESTS_FUZZ_ABI_EVENTS_H_
#define INLAY_TESTS_FUZZ_ABI_EVENTS_H_

#include <inlay/inlay.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#include "tests/fuzz/abi_bytes.h"

namespace inlay::abi_fuzz {

// Calls that took user_data over, and how often it was given back.
struct Releases {
  std::atomic<size_t> owed = 0;
  std::atomic<size_t> released = 0;

  // A caller whose struct ends before the field has no release function.
  void Owe(const inlay_request& request) {
    constexpr size_t kEnd =
        offsetof(inlay_request, release) + sizeof(inlay_release_fn);
    if (request.struct_size >= kEnd) ++owed;
  }
  static void Count(void* self) { ++static_cast<Releases*>(self)->released; }
};

// The events of one engine.
class EventBook {
 public:
  void Accept(uint64_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Require(id != 0 && accepted_.insert(id).second, "an id comes twice");
  }

  void See(const inlay_event& event) {
    const std::lock_guard<std::mutex> lock(mutex_);
    int& ends = ends_[event.request_id];
    Require(ends == 0, "an event after the terminal one");
    if (event.kind == INLAY_EVENT_FINISHED ||
        event.kind == INLAY_EVENT_FAILED) {
      ++ends;
    }
  }

  // When the engine is gone.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [id, ends] : ends_) {
      Require(accepted_.count(id) == 1, "an event of nobody's request");
    }
    for (uint64_t id : accepted_) {
      Require(ends_[id] == 1, "a request has no terminal event");
    }
    ends_.clear();
    accepted_.clear();
  }

 private:
  std::mutex mutex_;
  std::set<uint64_t> accepted_;
  std::map<uint64_t, int> ends_;
};

// Where a push engine's events go, and what its callback does with them.
struct EventSink {
  EventBook book;
  Releases sinks;
  inlay_engine* engine = nullptr;
  std::atomic<uint8_t> reaction = 0;

  static void Take(void* self, const inlay_event* events, size_t event_size,
                   size_t count) {
    auto* sink = static_cast<EventSink*>(self);
    Require(count > 0, "a callback without events");
    const auto* bytes = reinterpret_cast<const unsigned char*>(events);
    for (size_t i = 0; i < count; ++i) {
      const auto* event =
          reinterpret_cast<const inlay_event*>(bytes + i * event_size);
      sink->book.See(*event);
      sink->React(event->request_id);
    }
  }

  void React(uint64_t id) {
    switch (reaction % 4) {
      case 1:
        inlay_cancel(id, INLAY_CANCEL_STOP, nullptr);
        return;
      case 2: {
        inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
        inlay_engine_get_stats(engine, &stats, nullptr);
        return;
      }
      case 3:
        Require(inlay_engine_close(engine, INLAY_CLOSE_CANCEL, 0, nullptr) !=
                    INLAY_OK,
                "a blocking call runs inside a callback");
        return;
      default:
        return;
    }
  }
};

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_EVENTS_H_
