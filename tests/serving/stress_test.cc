// Sixteen threads that submit, cancel, poll, keep conversations and close, on
// the fake backend; to be run under the thread sanitizer. INLAY_TEST_ALL=1 runs
// a million requests.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

constexpr int kThreads = 16;

// Takes what a request says without the queue.
class CountingSink final : public EventSink {
 public:
  explicit CountingSink(std::atomic<int64_t>* ends) : ends_(ends) {}
  void OnEvent(Event&& event) noexcept override {
    if (IsTerminal(event)) ++*ends_;
  }

 private:
  std::atomic<int64_t>* const ends_;
};

uint32_t Draw(std::mt19937& random) { return static_cast<uint32_t>(random()); }

class StressTest : public EngineFixture {
 protected:
  // One engine from its creation to its close.
  struct Round {
    int64_t requests = 0;  // to be accepted before it is closed
    bool push = false;
    CloseMode close = CloseMode::kDrain;
    std::atomic<int64_t> accepted{0}, sunk{0}, sink_ends{0};
    std::mutex mutex;
    std::unordered_map<uint64_t, int> ends;  // by id, of those without a sink
    std::vector<std::shared_ptr<Session>> sessions;

    void Take(const std::vector<Event>& events) {
      std::lock_guard<std::mutex> lock(mutex);
      for (const Event& event : events) {
        if (!IsTerminal(event)) continue;
        ++ends[event.request_id];
        // The one failure there may be: its events were not taken in time.
        EXPECT_TRUE(event.status.ok() ||
                    absl::IsResourceExhausted(event.status))
            << event.status;
      }
    }
    // Any of the conversations, or null.
    std::shared_ptr<Session> Pick(uint32_t random) {
      std::lock_guard<std::mutex> lock(mutex);
      if (sessions.empty()) return nullptr;
      return sessions[random % sessions.size()];
    }
    // In place of another one, if there are enough.
    void Keep(std::shared_ptr<Session> session, uint32_t random) {
      std::lock_guard<std::mutex> lock(mutex);
      if (sessions.size() < 6) {
        sessions.push_back(std::move(session));
      } else {
        sessions[random % sessions.size()].swap(session);
      }
    }
  };

  Request RandomRequest(std::mt19937& random, Round* round) {
    Request request = Tokens(Prompt(1 + static_cast<int32_t>(Draw(random) % 70),
                                    static_cast<int32_t>(Draw(random) % 12)),
                             1 + static_cast<int32_t>(Draw(random) % 6));
    request.priority = static_cast<int32_t>(Draw(random) % 3);
    request.tenant = std::string(1, static_cast<char>('a' + Draw(random) % 4));
    if (Draw(random) % 10 == 0)
      request.deadline_ns = 1 + Draw(random) % 1'000'000;
    switch (Draw(random) % 8) {
      case 0:
        request.choices.count = 2;
        break;
      case 1:
        request.choices.beam_width = 2;
        break;
      case 2:
        request.session = round->Pick(Draw(random));
        break;
      case 3:
        request.sink = std::make_shared<CountingSink>(&round->sink_ends);
        break;
      case 4:
        request.sampling.logprobs = 1;
        request.prompt_logprobs = true;
        break;
      default:
        break;
    }
    return request;
  }

  // False once the engine takes no more.
  bool SubmitOne(std::mt19937& random, Round* round,
                 std::vector<uint64_t>* ids) {
    Request request = RandomRequest(random, round);
    const bool sink = request.sink != nullptr;
    auto id = engine_->Submit(std::move(request));
    if (id.ok()) {
      ids->push_back(*id);
      if (sink) ++round->sunk;
      return ++round->accepted < round->requests;
    }
    if (id.status().code() == absl::StatusCode::kResourceExhausted) {
      std::this_thread::yield();
    }
    return engine_->state() == EngineState::kRunning;
  }

  void UseSession(std::mt19937& random, Round* round) {
    const std::shared_ptr<Session> session = round->Pick(Draw(random));
    const uint32_t what = session == nullptr ? 0 : Draw(random) % 6;
    if (what == 0) {
      auto created = engine_->CreateSession(Draw(random) % 2 == 0 ? "" : "two");
      if (created.ok()) round->Keep(*std::move(created), Draw(random));
    } else if (what == 1) {
      auto fork = session->Fork();
      if (fork.ok()) round->Keep(*std::move(fork), Draw(random));
    } else if (what == 2) {
      (void)session->Truncate(static_cast<int32_t>(Draw(random) % 40));
    } else if (what == 3) {
      (void)session->busy();
      EXPECT_LE(session->tokens().size(), 256u);
    } else {
      SaveAndLoad(*session, Draw(random), round);
    }
  }

  void SaveAndLoad(Session& session, uint32_t random, Round* round) {
    std::string file;
    const Status saved = session.Save([&](const uint8_t* data, size_t size) {
      file.append(reinterpret_cast<const char*>(data), size);
      return OkStatus();
    });
    if (!saved.ok()) return;
    size_t at = 0;
    auto loaded = engine_->LoadSession([&](uint8_t* data, size_t size) {
      if (file.size() - at < size) return Status(absl::DataLossError(""));
      std::memcpy(data, file.data() + at, size);
      at += size;
      return OkStatus();
    });
    if (loaded.ok()) round->Keep(*std::move(loaded), random);
  }

  void Poll(Round* round) {
    // One at a time; the others are refused.
    auto events = engine_->Poll(32, 0);
    if (events.ok()) round->Take(*events);
  }

  void Ask(std::mt19937& random) {
    switch (Draw(random) % 4) {
      case 0:
        (void)engine_->stats();
        break;
      case 1:
        (void)engine_->MetricsText();
        break;
      case 2:
        (void)engine_->SetTenantWeight("a", 1.0 + Draw(random) % 3);
        break;
      default: {
        std::vector<float> logits(20 * kVocabulary);
        (void)engine_->Score(Prompt(20, 1), logits.data());
      }
    }
  }

  void Client(uint32_t seed, Round* round) {
    std::mt19937 random(seed);
    std::vector<uint64_t> ids;
    while (SubmitOne(random, round, &ids)) {
      if (!ids.empty() && Draw(random) % 4 == 0) {
        const uint64_t any =
            ids[ids.size() - 1 - Draw(random) % ids.size() / 2];
        (void)engine_->GetRequestState(any);
        (void)engine_->Cancel(
            any, Draw(random) % 2 == 0 ? CancelMode::kStop : CancelMode::kDrop);
      }
      if (Draw(random) % 4 == 0) Poll(round);
      if (Draw(random) % 32 == 0) UseSession(random, round);
      if (Draw(random) % 128 == 0) Ask(random);
    }
    // Some close, some go on asking.
    if (seed % 4 == 0) (void)engine_->Close(round->close, 1'000'000'000);
    Poll(round);
  }

  EngineOptions Options(Round* round) {
    EngineOptions options = Small(256, 40);
    options.host_driven = false;
    options.max_concurrency = 12;
    options.max_step_tokens = 128;
    options.max_queue = 64;
    options.max_pending_events = 4;
    options.pause_timeout_ns = 50'000'000;
    options.swap_bytes = 30 * 32 * 4;
    if (round->push) {
      options.on_events = [round](const std::vector<Event>& events) {
        round->Take(events);
      };
    }
    return options;
  }

  void Run(Round* round, uint32_t seed) {
    MakeEngine(Options(round));
    std::vector<std::thread> clients;
    for (uint32_t i = 0; i < kThreads; ++i) {
      clients.emplace_back([=, this] { Client(seed * kThreads + i, round); });
    }
    // What nobody took is taken here, so that a drain comes to its end.
    while (engine_->state() != EngineState::kClosed &&
           engine_->state() != EngineState::kFailed) {
      Poll(round);
      std::this_thread::yield();
    }
    for (std::thread& client : clients) client.join();
    (void)engine_->Close(CloseMode::kCancel, 0);
    while (!round->push) {
      auto events = engine_->Poll(256, 0);
      if (!events.ok()) break;
      round->Take(*events);
    }
    Check(round);
  }

  void Check(Round* round) {
    round->sessions.clear();
    ExpectNothingHeld();
    EXPECT_EQ(engine_->stats().sessions, 0);
    EXPECT_EQ(engine_->stats().events_pending, 0u);
    EXPECT_EQ(round->sink_ends.load(), round->sunk.load());
    EXPECT_EQ(static_cast<int64_t>(round->ends.size()) + round->sunk.load(),
              round->accepted.load());
    for (const auto& [id, ends] : round->ends) EXPECT_EQ(ends, 1) << id;
  }
};

TEST_F(StressTest, SixteenThreads) {
  const int64_t count =
      std::getenv("INLAY_TEST_ALL") != nullptr ? 1'000'000 : 20'000;
  EngineStats sum;
  int64_t accepted = 0;
  for (uint32_t seed = 0; accepted < count && !HasFailure(); ++seed) {
    Round round;
    round.requests = seed % 2 == 0 ? 1000 : 4000;
    round.push = seed % 3 == 0;
    round.close = seed % 2 == 0 ? CloseMode::kDrain : CloseMode::kCancel;
    Run(&round, seed);
    accepted += round.accepted.load();
    const EngineStats stats = engine_->stats();
    sum.steps += stats.steps;
    sum.generated_tokens += stats.generated_tokens;
    sum.cancelled += stats.cancelled;
    sum.finished += stats.finished;
    sum.failed += stats.failed;
    sum.cached_tokens += stats.cached_tokens;
    sum.preempted_swap += stats.preempted_swap;
    sum.preempted_recompute += stats.preempted_recompute;
    engine_.reset();
  }
  std::cout << accepted << " requests: " << sum.finished << " finished, "
            << sum.cancelled << " cancelled, " << sum.failed << " failed; "
            << sum.steps << " steps, " << sum.generated_tokens << " tokens, "
            << sum.cached_tokens << " from the cache, preempted "
            << sum.preempted_recompute << " by recompute and "
            << sum.preempted_swap << " by swap\n";
  // All ways to end, to wait and to share were met.
  EXPECT_GT(sum.finished, 0u);
  EXPECT_GT(sum.cancelled, 0u);
  EXPECT_GT(sum.cached_tokens, 0u);
  EXPECT_GT(sum.preempted_swap + sum.preempted_recompute, 0u);
}

}  // namespace
}  // namespace inlay::engine
