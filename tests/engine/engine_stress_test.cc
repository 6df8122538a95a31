// Many threads at once; run it under the thread sanitizer.
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

class EngineStressTest : public EngineFixture {
 protected:
  // Submits, cancels and asks until the engine refuses or `count` is reached.
  void Client(int seed, int count, std::atomic<int>* accepted) {
    std::mt19937 random(static_cast<uint32_t>(seed));
    std::vector<uint64_t> ids;
    for (int i = 0; i < count; ++i) {
      Request request = Tokens(Prompt(1 + static_cast<int32_t>(random() % 40),
                                      static_cast<int32_t>(random() % 50)),
                               1 + static_cast<int32_t>(random() % 20));
      if (random() % 10 == 0) request.deadline_ns = 1 + random() % 1'000'000;
      auto id = engine_->Submit(std::move(request));
      if (id.ok()) {
        ++*accepted;
        ids.push_back(*id);
      } else if (id.status().code() == absl::StatusCode::kResourceExhausted) {
        std::this_thread::yield();
      } else {
        return;
      }
      if (ids.empty()) continue;
      const uint64_t any = ids[random() % ids.size()];
      if (random() % 5 == 0) {
        (void)engine_->Cancel(
            any, random() % 2 == 0 ? CancelMode::kStop : CancelMode::kDrop);
      }
      (void)engine_->GetRequestState(any);
      if (random() % 16 == 0) (void)engine_->stats();
    }
  }
  void RunClients(int threads, int count, std::atomic<int>* accepted) {
    std::vector<std::thread> clients;
    for (int i = 0; i < threads; ++i) {
      clients.emplace_back([=, this] { Client(i, count, accepted); });
    }
    for (std::thread& client : clients) client.join();
  }
  EngineOptions Options() {
    EngineOptions options = Small(256, 24);
    options.host_driven = false;
    options.max_concurrency = 8;
    options.max_step_tokens = 64;
    options.max_queue = 64;
    options.max_pending_events = 4;
    return options;
  }
};

TEST_F(EngineStressTest, PullFromOneThreadWhileManySubmit) {
  MakeEngine(Options());
  std::atomic<int> accepted{0};
  Outputs outputs;
  std::thread reader([&] {
    while (true) {
      auto events = engine_->Poll(32, 1'000'000);
      if (!events.ok()) return;
      for (const Event& event : *events) {
        outputs[event.request_id].Add(event);
      }
    }
  });
  std::thread scorer([&] {
    std::vector<float> logits(40 * kVocabulary);
    for (int i = 0; i < 20; ++i) {
      (void)engine_->Score(Prompt(40, i), logits.data());
    }
  });
  RunClients(6, 300, &accepted);
  scorer.join();
  EXPECT_TRUE(engine_->Close(CloseMode::kDrain, -1).ok());
  reader.join();
  EXPECT_EQ(outputs.size(), static_cast<size_t>(accepted.load()));
  ExpectOneEndEach(outputs);
  ExpectNothingHeld();
}

TEST_F(EngineStressTest, PushWhileManyCloseAtOnce) {
  for (int round = 0; round < 8; ++round) {
    std::mutex mutex;
    Outputs outputs;
    EngineOptions options = Options();
    options.on_events = [&](const std::vector<Event>& events) {
      std::lock_guard<std::mutex> lock(mutex);
      for (const Event& event : events) outputs[event.request_id].Add(event);
    };
    MakeEngine(options);
    std::atomic<int> accepted{0};
    std::vector<std::thread> closers;
    for (int i = 0; i < 3; ++i) {
      closers.emplace_back([&, i] {
        while (accepted.load() < 40 * (i + 1) &&
               engine_->state() == EngineState::kRunning) {
          std::this_thread::yield();
        }
        (void)engine_->Close(i == 0 ? CloseMode::kDrain : CloseMode::kCancel,
                             5'000'000);
      });
    }
    RunClients(4, 400, &accepted);
    (void)engine_->Close(CloseMode::kCancel, 0);
    for (std::thread& closer : closers) {
      closer.join();
    }
    EXPECT_EQ(engine_->state(), EngineState::kClosed);
    EXPECT_EQ(outputs.size(), static_cast<size_t>(accepted.load()));
    ExpectOneEndEach(outputs);
    ExpectNothingHeld();
  }
}

}  // namespace
}  // namespace inlay::engine
