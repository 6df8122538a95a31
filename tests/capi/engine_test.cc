// Requests and events through pull mode and host-driven steps.
#include <inlay/inlay.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

using inlay_test::kLongNs;

class EngineTest : public inlay_test::ModelTest {};

TEST_F(EngineTest, TellsItsConfigurationAndState) {
  CreateEngine();
  inlay_engine_config config = INLAY_ENGINE_CONFIG_INIT;
  ASSERT_OK(inlay_engine_get_config(engine, &config, &error));
  EXPECT_EQ(config.context_length, 128);
  EXPECT_GT(config.page_count, 0);
  EXPECT_EQ(std::strlen(config.explanation), config.explanation_size);
  EXPECT_GT(config.explanation_size, 0u);
  int32_t state = 0;
  ASSERT_OK(inlay_engine_get_state(engine, &state, &error));
  EXPECT_EQ(state, INLAY_ENGINE_RUNNING);
  inlay_memory_needs needs = INLAY_MEMORY_NEEDS_INIT;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.context_length = 128;
  ASSERT_OK(inlay_memory_estimate(model, &options, &needs, &error));
  EXPECT_EQ(needs.kv_cache, config.kv_cache_bytes);
}

TEST_F(EngineTest, ManyRequestsEndOnceEach) {
  CreateEngine();
  std::set<uint64_t> ids;
  for (int i = 0; i < 12; ++i) ids.insert(Submit(Request(3 + i)));
  EXPECT_EQ(ids.size(), 12u);
  EXPECT_EQ(ids.count(0), 0u);
  const auto ended = PollToEnd(12);
  for (const inlay_event& event : ended) {
    EXPECT_EQ(ids.erase(event.request_id), 1u);
    EXPECT_EQ(event.kind, INLAY_EVENT_FINISHED);
    EXPECT_EQ(event.finish_reason, INLAY_FINISH_LENGTH);
  }
  size_t count = 1;
  inlay_event event;
  ASSERT_OK(inlay_poll(engine, &event, sizeof(event), 1, 0, &count, &error));
  EXPECT_EQ(count, 0u);
  inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
  ASSERT_OK(inlay_engine_get_stats(engine, &stats, &error));
  EXPECT_EQ(stats.submitted, 12u);
  EXPECT_EQ(stats.finished, 12u);
  EXPECT_EQ(stats.running, 0);
}

TEST_F(EngineTest, EventsFitTheCallersStride) {
  // An older caller with the first four fields, and a newer with more.
  for (const size_t stride : {size_t{40}, sizeof(inlay_event) + 32}) {
    inlay_engine_release(engine);
    CreateEngine();
    Submit(Request(4));
    bool terminal = false;
    while (!terminal) {
      std::vector<uint64_t> memory(stride * 4 / 8, 0xEEEEEEEEEEEEEEEE);
      auto* bytes = reinterpret_cast<char*>(memory.data());
      size_t count = 0;
      ASSERT_OK(inlay_poll(engine, reinterpret_cast<inlay_event*>(bytes),
                           stride, 4, kLongNs, &count, &error));
      for (size_t i = 0; i < 4; ++i) {
        const char* at = bytes + i * stride;
        uint32_t size = 0;
        int32_t kind = 0;
        std::memcpy(&size, at, sizeof(size));
        std::memcpy(&kind, at + 4, sizeof(kind));
        if (i >= count) {
          EXPECT_EQ(size, 0xEEEEEEEE);
          continue;
        }
        EXPECT_EQ(size, std::min(stride, sizeof(inlay_event)));
        for (size_t b = size; b < stride; ++b) {
          EXPECT_EQ(static_cast<unsigned char>(at[b]), 0xEE);
        }
        terminal |= kind == INLAY_EVENT_FINISHED;
      }
    }
  }
  inlay_event event;
  size_t count = 0;
  for (const size_t bad : {size_t{0}, size_t{3}, size_t{41}, SIZE_MAX}) {
    EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                  inlay_poll(engine, &event, bad, 1, 0, &count, &error));
  }
}

TEST_F(EngineTest, BadRequestsFailAlone) {
  CreateEngine();
  uint64_t id = 1;
  const auto refused = [&](const inlay_request& request) {
    const inlay_status status = inlay_submit(engine, &request, &id, &error);
    EXPECT_EQ(id, 0u);
    return status;
  };
  inlay_request request = Request(1);
  request.temperature = std::numeric_limits<float>::quiet_NaN();
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, refused(request));
  request = Request(1);
  request.flags |= UINT64_C(1) << 50;
  EXPECT_STATUS(INLAY_ERR_UNSUPPORTED_FIELD, refused(request));
  request = Request(1);
  request.prompt = "\xC3";
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, refused(request));
  request = Request(1);
  request.prompt = nullptr;
  request.prompt_size = 0;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, refused(request));
  request = Request(1);
  const std::string many(4000, 'x');
  request.prompt = many.c_str();
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, refused(request));
  const int32_t ids[] = {1, 1 << 29};
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  part.kind = INLAY_PART_TOKENS;
  part.tokens = ids;
  part.token_count = 2;
  request = Request(1);
  request.prompt = nullptr;
  request.parts = &part;
  request.part_count = 1;
  request.part_size = sizeof(part);
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, refused(request));
  request.part_size = 0;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, refused(request));
  request.part_size = sizeof(part);
  request.prompt = "both";
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, refused(request));
  // The engine is well.
  Submit(Request(2));
  PollToEnd(1);
}

TEST_F(EngineTest, TextAndTokenPartsGiveTheSameAnswerAsText) {
  CreateEngine();
  Submit(Request(8));
  PollToEnd(1);
  const auto whole = tokens;
  tokens.clear();
  size_t count = 0;
  int32_t ids[64];
  ASSERT_OK(inlay_tokenize(model, "hello there", INLAY_NUL,
                           INLAY_TOKENIZE_NO_SPECIAL, ids, 64, &count, &error));
  ASSERT_GT(count, 1u);
  inlay_prompt_part parts[2] = {INLAY_PROMPT_PART_INIT, INLAY_PROMPT_PART_INIT};
  for (int i = 0; i < 2; ++i) parts[i].kind = INLAY_PART_TOKENS;
  parts[0].tokens = ids;
  parts[0].token_count = 1;
  parts[1].tokens = ids + 1;
  parts[1].token_count = count - 1;
  inlay_request request = Request(8);
  request.prompt = nullptr;
  request.prompt_size = 0;
  request.parts = parts;
  request.part_size = sizeof(parts[0]);
  request.part_count = 2;
  Submit(request);
  PollToEnd(1);
  EXPECT_EQ(tokens, whole);
}

TEST_F(EngineTest, LogprobsAreReportedAsAskedFor) {
  CreateEngine();
  inlay_request request = Request(3);
  request.top_logprobs = 4;
  Submit(request);
  size_t seen = 0;
  for (bool terminal = false; !terminal;) {
    inlay_event event;
    size_t count = 0;
    ASSERT_OK(
        inlay_poll(engine, &event, sizeof(event), 1, kLongNs, &count, &error));
    ASSERT_EQ(count, 1u);
    terminal = event.kind == INLAY_EVENT_FINISHED;
    if (event.kind != INLAY_EVENT_DELTA) continue;
    ASSERT_EQ(event.top_count, event.token_count == 0 ? 0u : 4u);
    for (size_t i = 0; i < event.token_count; ++i, ++seen) {
      // Greedy: the chosen token is the likeliest.
      EXPECT_EQ(event.top_tokens[4 * i], event.tokens[i]);
      EXPECT_EQ(event.top_logprobs[4 * i], event.logprobs[i]);
      EXPECT_LE(event.top_logprobs[4 * i + 1], event.top_logprobs[4 * i]);
      EXPECT_LT(event.logprobs[i], 0.0f);
    }
  }
  EXPECT_EQ(seen, 3u);
}

TEST_F(EngineTest, CancelByIdAlone) {
  // Driven by hand, so that the request cannot end by itself meanwhile.
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  CreateEngine(options);
  const uint64_t id = Submit(Request(100));
  ASSERT_OK(inlay_engine_step(engine, nullptr, &error));
  int32_t state = 0;
  EXPECT_STATUS(INLAY_OK, inlay_request_status(id, &state, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, inlay_cancel(id, 0, &error));
  EXPECT_STATUS(INLAY_OK, inlay_cancel(id, INLAY_CANCEL_DROP, &error));
  const auto ended = PollToEnd(1);
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].kind, INLAY_EVENT_FINISHED);
  EXPECT_EQ(ended[0].finish_reason, INLAY_FINISH_CANCELLED);
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND,
                inlay_cancel(id, INLAY_CANCEL_STOP, &error));
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND, inlay_request_status(id, &state, &error));
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND,
                inlay_cancel(UINT64_MAX, INLAY_CANCEL_STOP, &error));
}

TEST_F(EngineTest, CloseEndsEverythingAndLeavesTheEventsToPoll) {
  CreateEngine();
  std::vector<uint64_t> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Submit(Request(100)));
  ASSERT_OK(inlay_engine_close(engine, INLAY_CLOSE_CANCEL, 0, &error));
  for (const uint64_t id : ids) {
    EXPECT_STATUS(INLAY_ERR_NOT_FOUND,
                  inlay_cancel(id, INLAY_CANCEL_STOP, &error));
  }
  EXPECT_EQ(PollToEnd(5).size(), 5u);
  inlay_event event;
  size_t count = 0;
  EXPECT_STATUS(
      INLAY_ERR_FAILED_PRECONDITION,
      inlay_poll(engine, &event, sizeof(event), 1, 0, &count, &error));
  const inlay_request request = Request(1);
  uint64_t id = 0;
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_submit(engine, &request, &id, &error));
  EXPECT_STATUS(INLAY_OK,
                inlay_engine_close(engine, INLAY_CLOSE_DRAIN, 0, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_engine_close(engine, 9, 0, &error));
}

void CountRelease(void* counter) { ++*static_cast<std::atomic<int>*>(counter); }

TEST_F(EngineTest, UserDataIsReleasedOnceAfterItsTerminalEvent) {
  CreateEngine();
  std::atomic<int> released{0};
  inlay_request request = Request(2);
  request.user_data = &released;
  request.release = CountRelease;
  Submit(request);
  const auto ended = PollToEnd(1);
  EXPECT_EQ(ended.at(0).user_data, &released);
  EXPECT_EQ(released, 0);  // the event is still valid
  inlay_event event;
  size_t count = 0;
  ASSERT_OK(inlay_poll(engine, &event, sizeof(event), 1, 0, &count, &error));
  EXPECT_EQ(released, 1);
  request.temperature = -1.0f;
  uint64_t id = 0;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_submit(engine, &request, &id, &error));
  EXPECT_EQ(released, 1);  // a refused request stays the host's
  request.temperature = 0.0f;
  request.max_tokens = 100;
  Submit(request);
  inlay_engine_release(engine);
  engine = nullptr;
  EXPECT_EQ(released, 2);
}

TEST_F(EngineTest, WakeEndsAWait) {
  CreateEngine();
  std::thread waker([&] { inlay_wake(engine, nullptr); });
  inlay_event event;
  size_t count = 7;
  ASSERT_OK(
      inlay_poll(engine, &event, sizeof(event), 1, kLongNs, &count, &error));
  EXPECT_EQ(count, 0u);
  waker.join();
}

TEST_F(EngineTest, TheWaitHandleIsReadableWhileEventsWait) {
  CreateEngine();
  int64_t handle = -1;
  ASSERT_OK(inlay_engine_wait_handle(engine, &handle, &error));
  pollfd fd = {static_cast<int>(handle), POLLIN, 0};
  EXPECT_EQ(poll(&fd, 1, 0), 0);
  Submit(Request(2));
  EXPECT_EQ(poll(&fd, 1, 20'000), 1);
  PollToEnd(1);
  EXPECT_EQ(poll(&fd, 1, 0), 0);
  // A generate takes its own events only, so nothing is announced in vain.
  const inlay_request request = Request(1);
  inlay_generation* generation = nullptr;
  ASSERT_OK(inlay_generate(engine, &request, &generation, &error));
  inlay_generation_release(generation);
  EXPECT_EQ(poll(&fd, 1, 0), 0);
}

TEST_F(EngineTest, TheHostCanDriveTheSteps) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  CreateEngine(options);
  Submit(Request(4));
  int32_t more = 1;
  int steps = 0;
  for (; more != 0 && steps < 50; ++steps) {
    ASSERT_OK(inlay_engine_step(engine, &more, &error));
  }
  EXPECT_GE(steps, 4);
  EXPECT_EQ(PollToEnd(1).size(), 1u);
  EXPECT_EQ(tokens.size(), 4u);
}

TEST_F(EngineTest, AnEngineWithItsOwnThreadRefusesSteps) {
  CreateEngine();
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_engine_step(engine, nullptr, &error));
}

TEST_F(EngineTest, ScoreGivesLogitsOfEveryPosition) {
  CreateEngine();
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  ASSERT_OK(inlay_model_get_info(model, &info, &error));
  const auto width = static_cast<size_t>(info.vocabulary_size);
  const int32_t ids[] = {5, 6, 7};
  size_t needed = 0;
  ASSERT_OK(inlay_score(engine, ids, 3, nullptr, 0, &needed, &error));
  EXPECT_EQ(needed, 3 * width);
  std::vector<float> logits(needed, -1e30f);
  EXPECT_STATUS(
      INLAY_ERR_BUFFER_TOO_SMALL,
      inlay_score(engine, ids, 3, logits.data(), needed - 1, &needed, &error));
  ASSERT_OK(
      inlay_score(engine, ids, 3, logits.data(), needed, &needed, &error));
  for (const float logit : logits) EXPECT_TRUE(std::isfinite(logit));
  const int32_t bad[] = {-1};
  EXPECT_STATUS(
      INLAY_ERR_OUT_OF_RANGE,
      inlay_score(engine, bad, 1, logits.data(), needed, &needed, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_score(engine, nullptr, 0, nullptr, 0, &needed, &error));
}

TEST_F(EngineTest, TheChildAfterForkIsTold) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  CreateEngine(options);
  const uint64_t id = Submit(Request(100));
  const pid_t child = fork();
  if (child == 0) {
    int32_t state = 0;
    const bool told =
        inlay_engine_get_state(engine, &state, nullptr) == INLAY_ERR_FORKED &&
        inlay_cancel(id, INLAY_CANCEL_STOP, nullptr) == INLAY_ERR_FORKED &&
        inlay_request_status(id, &state, nullptr) == INLAY_ERR_FORKED;
    inlay_engine_release(engine);
    _exit(told ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_STATUS(INLAY_OK, inlay_cancel(id, INLAY_CANCEL_STOP, &error));
  PollToEnd(1);
}

}  // namespace
