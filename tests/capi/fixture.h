// A context, a tiny model and engines through the C calls.
#ifndef INLAY_TESTS_CAPI_FIXTURE_H_
#define INLAY_TESTS_CAPI_FIXTURE_H_

#include <inlay/inlay.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace inlay_test {

inline constexpr int64_t kLongNs = 20'000'000'000;  // a hang, for a test

inline std::string ModelPath() {
  return INLAY_SOURCE_DIR "/tests/goldens/models/tiny-llama.gguf";
}

inline std::vector<char> ModelBytes() {
  std::ifstream file(ModelPath(), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string Message(const inlay_error& error) {
  return std::string(inlay_status_name(error.code)) + ": " + error.message;
}

#define EXPECT_STATUS(expected, call)                                  \
  do {                                                                 \
    const inlay_status got_ = (call);                                  \
    EXPECT_STREQ(inlay_status_name(expected), inlay_status_name(got_)) \
        << inlay_test::Message(error);                                 \
  } while (false)
#define ASSERT_OK(call) ASSERT_EQ(INLAY_OK, call) << inlay_test::Message(error)

// Fixture with a context and the tiny model.
class ModelTest : public testing::Test {
 protected:
  void SetUp() override {
    inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
    options.thread_count = 2;
    ASSERT_OK(inlay_context_create(&options, &context, &error));
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    const std::string path = ModelPath();
    source.path = path.data();
    source.path_size = path.size();
    ASSERT_OK(inlay_model_open(context, &source, nullptr, &model, &error));
  }
  void TearDown() override {
    // Parents first, to prove that children hold them.
    inlay_context_release(context);
    inlay_model_release(model);
    inlay_engine_release(engine);
  }

  void CreateEngine(inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT) {
    options.context_length = 128;
    ASSERT_OK(inlay_engine_create(model, &options, &engine, &error));
  }

  // A request that generates `count` tokens whatever the model says.
  static inlay_request Request(int32_t count) {
    inlay_request request = INLAY_REQUEST_INIT;
    request.prompt = "hello there";
    request.prompt_size = INLAY_NUL;
    request.max_tokens = count;
    request.flags = INLAY_REQUEST_IGNORE_END;
    return request;
  }

  uint64_t Submit(const inlay_request& request) {
    uint64_t id = 0;
    EXPECT_EQ(INLAY_OK, inlay_submit(engine, &request, &id, &error))
        << Message(error);
    return id;
  }

  // Polls until `terminals` requests have ended; returns those events.
  std::vector<inlay_event> PollToEnd(size_t terminals) {
    std::vector<inlay_event> ended;
    while (ended.size() < terminals) {
      inlay_event events[8];
      size_t count = 0;
      const inlay_status status = inlay_poll(
          engine, events, sizeof(inlay_event), 8, kLongNs, &count, &error);
      if (status != INLAY_OK || count == 0) {
        ADD_FAILURE() << "poll ended early: " << Message(error);
        break;
      }
      for (size_t i = 0; i < count; ++i) {
        if (events[i].kind == INLAY_EVENT_DELTA) {
          text.append(events[i].text, events[i].text_size);
          tokens.insert(tokens.end(), events[i].tokens,
                        events[i].tokens + events[i].token_count);
        }
        if (events[i].kind == INLAY_EVENT_FINISHED ||
            events[i].kind == INLAY_EVENT_FAILED) {
          ended.push_back(events[i]);
        }
      }
    }
    return ended;
  }

  inlay_error error = INLAY_ERROR_INIT;
  inlay_context* context = nullptr;
  inlay_model* model = nullptr;
  inlay_engine* engine = nullptr;
  std::string text;
  std::vector<int32_t> tokens;
};

}  // namespace inlay_test

#endif  // INLAY_TESTS_CAPI_FIXTURE_H_
