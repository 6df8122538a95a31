// Conversations: their life, their tokens, their files.
#include <inlay/inlay.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

class SessionTest : public inlay_test::ModelTest {
 protected:
  void SetUp() override {
    ModelTest::SetUp();
    CreateEngine();
    session = Create(engine);
  }
  void TearDown() override {
    ModelTest::TearDown();
    inlay_session_release(session);  // after its engine
  }

  inlay_session* Create(inlay_engine* of) {
    inlay_session* made = nullptr;
    EXPECT_EQ(INLAY_OK, inlay_session_create(of, nullptr, 0, &made, &error))
        << inlay_test::Message(error);
    return made;
  }
  inlay_session_info Info(inlay_session* of) {
    inlay_session_info info = INLAY_SESSION_INFO_INIT;
    EXPECT_EQ(INLAY_OK, inlay_session_get_info(of, &info, &error));
    return info;
  }
  std::vector<int32_t> Tokens(inlay_session* of) {
    size_t count = 0;
    EXPECT_EQ(INLAY_OK,
              inlay_session_get_tokens(of, nullptr, 0, &count, &error));
    std::vector<int32_t> held(count);
    EXPECT_EQ(INLAY_OK, inlay_session_get_tokens(of, held.data(), held.size(),
                                                 &count, &error));
    return held;
  }
  // The ids of an answer that continues `of`.
  std::vector<int32_t> Continue(inlay_engine* on, inlay_session* of,
                                int32_t count) {
    inlay_request request = Request(count);
    request.session = of;
    inlay_generation* generation = nullptr;
    EXPECT_EQ(INLAY_OK, inlay_generate(on, &request, &generation, &error))
        << inlay_test::Message(error);
    inlay_event whole = INLAY_EVENT_INIT;
    inlay_generation_get(generation, &whole, &error);
    std::vector<int32_t> ids(whole.tokens, whole.tokens + whole.token_count);
    inlay_generation_release(generation);
    return ids;
  }

  inlay_session* session = nullptr;
};

TEST_F(SessionTest, PromptsAndAnswersAreAppended) {
  EXPECT_EQ(Info(session).token_count, 0);
  EXPECT_TRUE(Tokens(session).empty());
  const auto first = Continue(engine, session, 5);
  const int32_t length = Info(session).token_count;
  EXPECT_GT(length, 5);
  const auto second = Continue(engine, session, 4);
  const auto all = Tokens(session);
  EXPECT_GT(Info(session).token_count, length + 4);
  ASSERT_EQ(all.size(), static_cast<size_t>(Info(session).token_count));
  EXPECT_EQ(Info(session).busy, 0);
  // The last token may or may not be in the cache; it is in the conversation.
  EXPECT_EQ(std::vector<int32_t>(all.end() - 4, all.end()), second);
  EXPECT_EQ(
      std::vector<int32_t>(all.begin() + length - 5, all.begin() + length),
      first);
}

TEST_F(SessionTest, ContinuingIsTheSameAsOneLongPrompt) {
  Continue(engine, session, 6);
  const auto before = Tokens(session);
  const auto answer = Continue(engine, session, 6);
  const auto after = Tokens(session);
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  part.kind = INLAY_PART_TOKENS;
  part.tokens = after.data();
  part.token_count = after.size() - 6;
  inlay_request request = Request(6);
  request.prompt = nullptr;
  request.prompt_size = 0;
  request.parts = &part;
  request.part_size = sizeof(part);
  request.part_count = 1;
  request.flags |= INLAY_REQUEST_NO_SPECIAL;
  Submit(request);
  PollToEnd(1);
  EXPECT_EQ(tokens, answer);
}

TEST_F(SessionTest, ForksPartAndTruncateCuts) {
  Continue(engine, session, 8);
  const auto trunk = Tokens(session);
  inlay_session* fork = nullptr;
  ASSERT_OK(inlay_session_fork(session, &fork, &error));
  EXPECT_EQ(Tokens(fork), trunk);
  const auto from_fork = Continue(engine, fork, 5);
  EXPECT_EQ(Tokens(session), trunk);
  EXPECT_EQ(Continue(engine, session, 5), from_fork);
  const auto keep = static_cast<int32_t>(trunk.size());
  ASSERT_OK(inlay_session_truncate(session, keep, &error));
  EXPECT_EQ(Tokens(session), trunk);
  EXPECT_EQ(Continue(engine, session, 5), from_fork);
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_session_truncate(session, -1, &error));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_session_truncate(session, 1 << 20, &error));
  ASSERT_OK(inlay_session_truncate(session, 0, &error));
  EXPECT_EQ(Info(session).token_count, 0);
  inlay_session_release(fork);
}

TEST_F(SessionTest, BuffersFollowTheRule) {
  Continue(engine, session, 3);
  size_t count = 0;
  int32_t one = -7;
  EXPECT_STATUS(INLAY_ERR_BUFFER_TOO_SMALL,
                inlay_session_get_tokens(session, &one, 1, &count, &error));
  EXPECT_EQ(one, -7);
  EXPECT_GT(count, 3u);
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_session_get_tokens(session, &one, 1, nullptr, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_session_get_tokens(session, nullptr, 4, &count, &error));
}

TEST_F(SessionTest, WhileBusyItTakesNoSecondRequestAndDoesNotChange) {
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.flags = INLAY_ENGINE_HOST_DRIVEN;
  inlay_engine_release(engine);
  CreateEngine(options);
  inlay_session* busy = Create(engine);
  inlay_request request = Request(50);
  request.session = busy;
  const uint64_t id = Submit(request);
  ASSERT_OK(inlay_engine_step(engine, nullptr, &error));
  EXPECT_EQ(Info(busy).busy, 1);
  uint64_t other = 0;
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_submit(engine, &request, &other, &error));
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_session_truncate(busy, 0, &error));
  const auto ignore = [](void*, const void*, size_t) -> int64_t { return 0; };
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_session_save(busy, ignore, nullptr, &error));
  inlay_session* fork = nullptr;
  EXPECT_STATUS(INLAY_OK, inlay_session_fork(busy, &fork, &error));
  inlay_session_release(fork);
  // The request keeps it; the host need not.
  inlay_session_release(busy);
  ASSERT_OK(inlay_cancel(id, INLAY_CANCEL_STOP, &error));
  EXPECT_EQ(PollToEnd(1).size(), 1u);
}

TEST_F(SessionTest, RefusesWhatItShould) {
  inlay_engine* second = nullptr;
  inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
  options.context_length = 128;
  ASSERT_OK(inlay_engine_create(model, &options, &second, &error));
  inlay_request request = Request(2);
  request.session = session;
  uint64_t id = 0;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_submit(second, &request, &id, &error));
  EXPECT_EQ(error.domain, INLAY_DOMAIN_ABI);
  inlay_engine_release(second);
  request.session = reinterpret_cast<inlay_session*>(engine);
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_submit(engine, &request, &id, &error));
  request.session = session;
  request.choices = 2;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_submit(engine, &request, &id, &error));
  inlay_session* made = nullptr;
  const std::string longer(257, 'd');
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_session_create(engine, longer.data(), longer.size(),
                                     &made, &error));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT,
                inlay_session_create(engine, "\xff", 1, &made, &error));
  EXPECT_EQ(made, nullptr);
}

TEST_F(SessionTest, ReleasesMayComeInAnyOrder) {
  Continue(engine, session, 3);
  inlay_session* fork = nullptr;
  ASSERT_OK(inlay_session_fork(session, &fork, &error));
  ASSERT_OK(inlay_session_retain(session, &error));
  inlay_session_release(session);
  inlay_engine_release(engine);
  engine = nullptr;
  const auto held = Tokens(session);
  EXPECT_FALSE(held.empty());
  EXPECT_EQ(Tokens(fork), held);
  inlay_session_release(fork);
}

TEST_F(SessionTest, AfterTheEnginesCloseItOnlyTells) {
  Continue(engine, session, 3);
  ASSERT_OK(inlay_engine_close(engine, INLAY_CLOSE_CANCEL, 0, &error));
  EXPECT_FALSE(Tokens(session).empty());
  inlay_request request = Request(1);
  request.session = session;
  uint64_t id = 0;
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_submit(engine, &request, &id, &error));
  inlay_session* made = nullptr;
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_session_create(engine, nullptr, 0, &made, &error));
}

}  // namespace
