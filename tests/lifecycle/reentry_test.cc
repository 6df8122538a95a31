// Inside the event callback every function either works or says
// WOULD_DEADLOCK; none hangs.
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "tests/lifecycle/harness.h"

namespace inlay::lifecycle {
namespace {

// What a callback tries, and what it may get.
struct Attempt {
  const char* name;
  std::function<inlay_status(Stack&)> call;
  inlay_status expected;
};

// Callback-safe: these must work.
std::vector<Attempt> Allowed() {
  return {
      {"submit",
       [](Stack& s) {
         TokenRequest request(3, 1);
         uint64_t id = 0;
         return inlay_submit(s.engine, request.get(), &id, nullptr);
       },
       INLAY_OK},
      {"cancel",
       [](Stack&) {
         return inlay_cancel(UINT64_MAX, INLAY_CANCEL_STOP, nullptr);
       },
       INLAY_ERR_NOT_FOUND},
      {"request_status",
       [](Stack&) {
         int32_t state = 0;
         return inlay_request_status(UINT64_MAX, &state, nullptr);
       },
       INLAY_ERR_NOT_FOUND},
      {"engine_get_stats",
       [](Stack& s) {
         inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
         return inlay_engine_get_stats(s.engine, &stats, nullptr);
       },
       INLAY_OK},
      {"engine_get_state",
       [](Stack& s) {
         int32_t state = 0;
         return inlay_engine_get_state(s.engine, &state, nullptr);
       },
       INLAY_OK},
      {"engine_retain_release",
       [](Stack& s) {
         const inlay_status status = inlay_engine_retain(s.engine, nullptr);
         inlay_engine_release(s.engine);
         return status;
       },
       INLAY_OK},
      {"wake", [](Stack& s) { return inlay_wake(s.engine, nullptr); },
       INLAY_OK},
  };
}

// Blocking: these must refuse.
std::vector<Attempt> Refused() {
  return {
      {"poll",
       [](Stack& s) {
         inlay_event event = INLAY_EVENT_INIT;
         size_t count = 0;
         return inlay_poll(s.engine, &event, sizeof(event), 1, -1, &count,
                           nullptr);
       },
       INLAY_ERR_WOULD_DEADLOCK},
      {"close",
       [](Stack& s) {
         return inlay_engine_close(s.engine, INLAY_CLOSE_DRAIN, -1, nullptr);
       },
       INLAY_ERR_WOULD_DEADLOCK},
      {"generate",
       [](Stack& s) {
         TokenRequest request(3, 1);
         inlay_generation* generation = nullptr;
         return inlay_generate(s.engine, request.get(), &generation, nullptr);
       },
       INLAY_ERR_WOULD_DEADLOCK},
      {"score",
       [](Stack& s) {
         const int32_t tokens[2] = {3, 4};
         std::vector<float> logits(2 * 4096);
         size_t count = 0;
         return inlay_score(s.engine, tokens, 2, logits.data(), logits.size(),
                            &count, nullptr);
       },
       INLAY_ERR_WOULD_DEADLOCK},
  };
}

std::vector<Attempt> Attempts() {
  std::vector<Attempt> all = Allowed();
  for (Attempt& attempt : Refused()) all.push_back(std::move(attempt));
  return all;
}

struct Shared {
  Stack* stack = nullptr;
  std::vector<Attempt> attempts = Attempts();
  std::vector<inlay_status> results;
  std::atomic<int> ended{0};
};

void OnEvents(void* user_data, const inlay_event* events, size_t event_size,
              size_t count) {
  auto* shared = static_cast<Shared*>(user_data);
  if (shared->results.empty() && shared->stack->engine != nullptr) {
    for (const Attempt& attempt : shared->attempts) {
      shared->results.push_back(attempt.call(*shared->stack));
    }
  }
  const auto* bytes = reinterpret_cast<const char*>(events);
  for (size_t i = 0; i < count; ++i) {
    const auto* event =
        reinterpret_cast<const inlay_event*>(bytes + i * event_size);
    if (event->kind == INLAY_EVENT_FINISHED ||
        event->kind == INLAY_EVENT_FAILED) {
      ++shared->ended;
    }
  }
}

TEST(Reentry, EveryFunctionFromTheEventCallback) {
  Stack stack;
  Shared shared;
  shared.stack = &stack;
  ASSERT_TRUE(stack.OpenModel());
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.on_events = OnEvents;
  options.event_user_data = &shared;
  ASSERT_TRUE(stack.CreateEngine(options));
  TokenRequest request(4, 3);
  uint64_t id = 0;
  ASSERT_EQ(inlay_submit(stack.engine, request.get(), &id, nullptr), INLAY_OK);
  // The first request and the one that the callback submits.
  const auto start = std::chrono::steady_clock::now();
  while (shared.ended < 2 &&
         std::chrono::steady_clock::now() - start < std::chrono::seconds(5)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(shared.ended, 2);
  ASSERT_EQ(
      inlay_engine_close(stack.engine, INLAY_CLOSE_CANCEL, kSecond, nullptr),
      INLAY_OK);
  ASSERT_EQ(shared.results.size(), shared.attempts.size());
  for (size_t i = 0; i < shared.results.size(); ++i) {
    EXPECT_EQ(shared.results[i], shared.attempts[i].expected)
        << shared.attempts[i].name << " gave "
        << inlay_status_name(shared.results[i]);
  }
}

}  // namespace
}  // namespace inlay::lifecycle
