// Push mode, and the blocking generate beside other ways of delivery.
#include <inlay/inlay.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

using inlay_test::kLongNs;

// Records what arrives on the delivery thread.
struct Sink {
  std::mutex mutex;
  std::condition_variable changed;
  std::string text;
  int terminals = 0;
  std::atomic<int> released{0};
  std::atomic<int> requests_released{0};
  std::function<void(const inlay_event&)> on_event;

  static void OnEvents(void* self, const inlay_event* events, size_t size,
                       size_t count) {
    auto* sink = static_cast<Sink*>(self);
    for (size_t i = 0; i < count; ++i) {
      const auto& event = *reinterpret_cast<const inlay_event*>(
          reinterpret_cast<const char*>(events) + i * size);
      if (sink->on_event) sink->on_event(event);
      const std::lock_guard<std::mutex> lock(sink->mutex);
      sink->text.append(event.text, event.text_size);
      if (event.kind == INLAY_EVENT_FINISHED ||
          event.kind == INLAY_EVENT_FAILED) {
        ++sink->terminals;
      }
      sink->changed.notify_all();
    }
  }
  static void Release(void* self) { ++static_cast<Sink*>(self)->released; }
  static void ReleaseRequest(void* self) {
    ++static_cast<Sink*>(self)->requests_released;
  }
  bool WaitForTerminals(int count) {
    std::unique_lock<std::mutex> lock(mutex);
    return changed.wait_for(lock, std::chrono::nanoseconds(kLongNs),
                            [&] { return terminals >= count; });
  }
};

int64_t IgnoreBytes(void*, const void*, size_t) { return 0; }
int64_t NoBytes(void*, void*, size_t) { return 0; }

class PushTest : public inlay_test::ModelTest {
 protected:
  void CreatePushEngine() {
    inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
    options.on_events = Sink::OnEvents;
    options.event_user_data = &sink;
    options.event_release = Sink::Release;
    CreateEngine(options);
  }
  inlay_request Request(int32_t count) {
    inlay_request request = ModelTest::Request(count);
    request.user_data = &sink;
    request.release = Sink::ReleaseRequest;
    return request;
  }
  void ReleaseEngine() {
    inlay_engine_release(engine);
    engine = nullptr;
  }
  Sink sink;
};

TEST_F(PushTest, EveryRequestEndsOnceAndIsReleasedOnce) {
  CreatePushEngine();
  for (int i = 0; i < 6; ++i) Submit(Request(4));
  EXPECT_TRUE(sink.WaitForTerminals(6));
  Submit(Request(100));
  ReleaseEngine();  // cancels, delivers, then releases
  EXPECT_EQ(sink.terminals, 7);
  EXPECT_EQ(sink.requests_released, 7);
  EXPECT_EQ(sink.released, 1);
}

TEST_F(PushTest, InsideTheCallbackBlockingCallsAreRefusedAndOthersWork) {
  CreatePushEngine();
  std::atomic<int> resubmitted{0};
  std::atomic<bool> good{true};
  const auto expect = [&](inlay_status expected, inlay_status got) {
    if (got != expected) good = false;
  };
  sink.on_event = [&](const inlay_event& event) {
    inlay_event one;
    size_t count = 0;
    const inlay_request request = ModelTest::Request(1);
    inlay_generation* generation = nullptr;
    float logit = 0;
    const int32_t id = 1;
    expect(INLAY_ERR_WOULD_DEADLOCK,
           inlay_poll(engine, &one, sizeof(one), 1, 0, &count, nullptr));
    expect(INLAY_ERR_WOULD_DEADLOCK,
           inlay_generate(engine, &request, &generation, nullptr));
    expect(INLAY_ERR_WOULD_DEADLOCK,
           inlay_engine_close(engine, INLAY_CLOSE_DRAIN, -1, nullptr));
    expect(INLAY_ERR_WOULD_DEADLOCK,
           inlay_score(engine, &id, 1, &logit, 1, nullptr, nullptr));
    inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
    expect(INLAY_OK, inlay_engine_get_stats(engine, &stats, nullptr));
    expect(INLAY_OK, inlay_engine_retain(engine, nullptr));
    inlay_engine_release(engine);
    if (event.kind != INLAY_EVENT_FINISHED) return;
    expect(INLAY_ERR_NOT_FOUND,
           inlay_cancel(event.request_id, INLAY_CANCEL_STOP, nullptr));
    if (resubmitted++ == 0) {
      uint64_t next = 0;
      expect(INLAY_OK, inlay_submit(engine, &request, &next, nullptr));
    }
  };
  Submit(Request(3));
  EXPECT_TRUE(sink.WaitForTerminals(2));
  EXPECT_TRUE(good);
  // A pull call is refused elsewhere too.
  inlay_event one;
  size_t count = 0;
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_poll(engine, &one, sizeof(one), 1, 0, &count, &error));
}

TEST_F(PushTest, InsideTheCallbackSessionsWorkButForTheirFiles) {
  CreatePushEngine();
  inlay_session* session = nullptr;
  ASSERT_OK(inlay_session_create(engine, nullptr, 0, &session, &error));
  std::atomic<bool> good{true};
  const auto expect = [&](inlay_status expected, inlay_status got) {
    if (got != expected) good = false;
  };
  sink.on_event = [&](const inlay_event&) {
    expect(INLAY_ERR_WOULD_DEADLOCK,
           inlay_session_save_file(session, "s", 1, nullptr));
    expect(INLAY_ERR_WOULD_DEADLOCK,
           inlay_session_save(session, IgnoreBytes, nullptr, nullptr));
    inlay_session* other = nullptr;
    expect(INLAY_ERR_WOULD_DEADLOCK,
           inlay_session_load_file(engine, "s", 1, &other, nullptr));
    expect(INLAY_ERR_WOULD_DEADLOCK,
           inlay_session_load(engine, NoBytes, nullptr, &other, nullptr));
    expect(INLAY_OK, inlay_session_fork(session, &other, nullptr));
    expect(INLAY_OK, inlay_session_truncate(other, 0, nullptr));
    inlay_session_info info = INLAY_SESSION_INFO_INIT;
    expect(INLAY_OK, inlay_session_get_info(other, &info, nullptr));
    inlay_session_release(other);
    expect(INLAY_OK, inlay_engine_set_tenant(engine, "t", 1, 2.0, nullptr));
    expect(INLAY_OK, inlay_engine_start_trace(engine, 1, nullptr));
    size_t bytes = 0;
    expect(INLAY_OK,
           inlay_engine_get_metrics(engine, nullptr, 0, &bytes, nullptr));
  };
  inlay_request request = Request(3);
  request.session = session;
  Submit(request);
  EXPECT_TRUE(sink.WaitForTerminals(1));
  EXPECT_TRUE(good);
  ReleaseEngine();
  inlay_session_release(session);
}

TEST_F(PushTest, TheLastReferenceMayGoInsideTheCallback) {
  CreatePushEngine();
  std::atomic<bool> once{false};
  sink.on_event = [&](const inlay_event&) {
    if (!once.exchange(true)) ReleaseEngine();
  };
  Submit(Request(50));
  for (int i = 0; i < 2000 && sink.released == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(sink.released, 1);
  EXPECT_EQ(sink.requests_released, 1);
  EXPECT_EQ(engine, nullptr);
}

TEST_F(PushTest, GenerateWorksBesidePush) {
  CreatePushEngine();
  Submit(Request(20));
  const inlay_request request = ModelTest::Request(5);
  inlay_generation* generation = nullptr;
  ASSERT_OK(inlay_generate(engine, &request, &generation, &error));
  inlay_event whole = INLAY_EVENT_INIT;
  ASSERT_OK(inlay_generation_get(generation, &whole, &error));
  EXPECT_EQ(whole.token_count, 5u);
  EXPECT_EQ(whole.finish_reason, INLAY_FINISH_LENGTH);
  inlay_generation_release(generation);
  EXPECT_TRUE(sink.WaitForTerminals(1));
  EXPECT_EQ(sink.terminals, 1);
}

class GenerateTest : public inlay_test::ModelTest {};

TEST_F(GenerateTest, GivesTheWholeAnswerThatPollingGives) {
  CreateEngine();
  inlay_request request = Request(9);
  request.top_logprobs = 2;
  request.user_data = this;
  Submit(request);
  PollToEnd(1);
  inlay_generation* generation = nullptr;
  ASSERT_OK(inlay_generate(engine, &request, &generation, &error));
  inlay_event whole = INLAY_EVENT_INIT;
  ASSERT_OK(inlay_generation_get(generation, &whole, &error));
  EXPECT_EQ(whole.kind, INLAY_EVENT_FINISHED);
  EXPECT_EQ(whole.user_data, this);
  EXPECT_EQ(std::string(whole.text, whole.text_size), text);
  EXPECT_EQ(std::vector<int32_t>(whole.tokens, whole.tokens + 9), tokens);
  EXPECT_EQ(whole.top_count, 2u);
  EXPECT_EQ(whole.generated_tokens, 9);
  // It outlives its engine.
  inlay_engine_release(engine);
  engine = nullptr;
  ASSERT_OK(inlay_generation_get(generation, &whole, &error));
  EXPECT_EQ(std::string(whole.text, whole.text_size), text);
  inlay_generation_release(generation);
}

TEST_F(GenerateTest, RunsBesideAPollingThreadWithoutTakingItsEvents) {
  CreateEngine();
  std::atomic<int> terminals{0};
  std::atomic<bool> stop{false};
  std::thread poller([&] {
    while (!stop) {
      inlay_event events[4];
      size_t count = 0;
      inlay_error mine = INLAY_ERROR_INIT;
      if (inlay_poll(engine, events, sizeof(events[0]), 4, 5'000'000, &count,
                     &mine) != INLAY_OK) {
        ADD_FAILURE() << mine.message;
        return;
      }
      for (size_t i = 0; i < count; ++i) {
        terminals += events[i].kind == INLAY_EVENT_FINISHED;
      }
    }
  });
  std::vector<std::thread> generators;
  std::atomic<int> answers{0};
  for (int t = 0; t < 3; ++t) {
    generators.emplace_back([&] {
      for (int i = 0; i < 4; ++i) {
        const inlay_request request = Request(3);
        inlay_generation* generation = nullptr;
        if (inlay_generate(engine, &request, &generation, nullptr) ==
            INLAY_OK) {
          ++answers;
        }
        inlay_generation_release(generation);
      }
    });
  }
  for (int i = 0; i < 10; ++i) Submit(Request(3));
  for (std::thread& thread : generators) thread.join();
  for (int i = 0; i < 2000 && terminals < 10; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  stop = true;
  poller.join();
  EXPECT_EQ(answers, 12);
  EXPECT_EQ(terminals, 10);
}

TEST_F(GenerateTest, DrivesAHostDrivenEngine) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  CreateEngine(options);
  Submit(Request(2));
  const inlay_request request = Request(4);
  inlay_generation* generation = nullptr;
  ASSERT_OK(inlay_generate(engine, &request, &generation, &error));
  inlay_generation_release(generation);
  // The other request's events were kept for the poll.
  EXPECT_EQ(PollToEnd(1).size(), 1u);
}

TEST_F(GenerateTest, LeavesTheBackPressureOfOthersAlone) {
  inlay_options* tunables = nullptr;
  ASSERT_OK(inlay_options_create(&tunables, &error));
  ASSERT_OK(inlay_options_set(tunables, "max_pending_events", INLAY_NUL, "2",
                              INLAY_NUL, &error));
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  options.options = tunables;
  CreateEngine(options);
  inlay_options_release(tunables);
  Submit(Request(60));
  const inlay_request request = Request(30);
  inlay_generation* generation = nullptr;
  ASSERT_OK(inlay_generate(engine, &request, &generation, &error));
  inlay_generation_release(generation);
  inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
  ASSERT_OK(inlay_engine_get_stats(engine, &stats, &error));
  // Nobody read the other's deltas, so it paused after two or three.
  EXPECT_GE(stats.generated_tokens, 31u);
  EXPECT_LE(stats.generated_tokens, 34u);
  EXPECT_EQ(stats.running + stats.queued, 1);
}

TEST_F(GenerateTest, TheChatFlagKeepsControlTokensOutOfTheMessage) {
  CreateEngine();
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  ASSERT_OK(inlay_model_get_info(model, &info, &error));
  inlay_token_info end = INLAY_TOKEN_INFO_INIT;
  ASSERT_OK(inlay_model_token_info(model, info.end_tokens[0], &end, &error));
  const auto prompt_tokens = [&](const std::string& message) {
    inlay_request request = INLAY_REQUEST_INIT;
    request.prompt = message.data();
    request.prompt_size = message.size();
    request.flags = INLAY_REQUEST_CHAT;
    request.max_tokens = 1;
    inlay_generation* generation = nullptr;
    EXPECT_EQ(INLAY_OK, inlay_generate(engine, &request, &generation, &error))
        << error.message;
    inlay_event whole = INLAY_EVENT_INIT;
    inlay_generation_get(generation, &whole, &error);
    inlay_generation_release(generation);
    return whole.prompt_tokens;
  };
  const int32_t empty = prompt_tokens("");
  EXPECT_GT(empty, 0);
  // Were it recognised, the control token would be one token.
  EXPECT_GT(prompt_tokens(std::string(end.text, end.text_size)), empty + 1);
}

}  // namespace
