// Requests that are wrong: each is refused alone, with its exact status and a
// message that names the field, and the engine answers the next good one.
#include <cmath>
#include <functional>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/faults/model_bytes.h"

namespace inlay::faults {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Case {
  const char* name;
  std::function<void(inlay_request&)> change;
  inlay_status status;
  const char* message;
};

class BadRequest : public testing::Test {
 protected:
  void SetUp() override {
    context_ = NewContext(0);
    const std::string path = TinyModelPath();
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.path = path.c_str();
    source.path_size = INLAY_NUL;
    inlay_error error = INLAY_ERROR_INIT;
    ASSERT_EQ(inlay_model_open(context_, &source, nullptr, &model_, &error),
              INLAY_OK)
        << error.message;
    inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
    options.context_length = 32;
    options.flags = INLAY_ENGINE_HOST_DRIVEN;
    ASSERT_EQ(inlay_engine_create(model_, &options, &engine_, &error), INLAY_OK)
        << error.message;
    good_ = Generate(Good(), &error);
    ASSERT_FALSE(good_.empty()) << error.message;
  }
  void TearDown() override {
    inlay_engine_release(engine_);
    inlay_model_release(model_);
    inlay_context_release(context_);
  }

  static inlay_request Good() {
    inlay_request request = INLAY_REQUEST_INIT;
    request.prompt = "Hello";
    request.prompt_size = INLAY_NUL;
    request.max_tokens = 4;
    request.flags = INLAY_REQUEST_IGNORE_END;
    return request;
  }

  // The tokens; none if it fails.
  std::vector<int32_t> Generate(const inlay_request& request,
                                inlay_error* error) {
    inlay_generation* generation = nullptr;
    if (inlay_generate(engine_, &request, &generation, error) != INLAY_OK) {
      return {};
    }
    inlay_event event = INLAY_EVENT_INIT;
    inlay_generation_get(generation, &event, nullptr);
    std::vector<int32_t> tokens(event.tokens, event.tokens + event.token_count);
    inlay_generation_release(generation);
    return tokens;
  }

  void Check(const Case& c) {
    SCOPED_TRACE(c.name);
    inlay_request request = Good();
    c.change(request);
    uint64_t id = 99;
    inlay_error error = INLAY_ERROR_INIT;
    EXPECT_EQ(inlay_submit(engine_, &request, &id, &error), c.status)
        << error.message;
    EXPECT_THAT(std::string(error.message), testing::HasSubstr(c.message));
    EXPECT_EQ(id, 0u);
    inlay_error good_error = INLAY_ERROR_INIT;
    EXPECT_EQ(Generate(Good(), &good_error), good_) << good_error.message;
  }

  inlay_context* context_ = nullptr;
  inlay_model* model_ = nullptr;
  inlay_engine* engine_ = nullptr;
  std::vector<int32_t> good_;
};

#define INLAY_FLOAT(field, value)                                              \
  {                                                                            \
#field " " #value,                                                         \
        [](inlay_request & r) { r.field = (value); },                          \
                                                   INLAY_ERR_INVALID_ARGUMENT, \
                                                   #field                      \
  }

TEST_F(BadRequest, Numbers) {
  const Case cases[] = {
      INLAY_FLOAT(temperature, kNan),
      INLAY_FLOAT(temperature, kInf),
      INLAY_FLOAT(temperature, -1.0F),
      INLAY_FLOAT(temperature, 1e30F),
      INLAY_FLOAT(top_p, kNan),
      INLAY_FLOAT(top_p, -kInf),
      INLAY_FLOAT(top_p, -0.1F),
      INLAY_FLOAT(top_p, 1.5F),
      INLAY_FLOAT(min_p, kNan),
      INLAY_FLOAT(min_p, 2.0F),
      INLAY_FLOAT(typical_p, kNan),
      INLAY_FLOAT(typical_p, -1.0F),
      INLAY_FLOAT(repetition_penalty, kNan),
      INLAY_FLOAT(repetition_penalty, -1.0F),
      INLAY_FLOAT(presence_penalty, kInf),
      INLAY_FLOAT(frequency_penalty, kNan),
      INLAY_FLOAT(frequency_penalty, 3.0F),
      INLAY_FLOAT(top_k, -1),
      INLAY_FLOAT(penalty_last_n, -1),
  };
  for (const Case& c : cases) Check(c);
}

TEST_F(BadRequest, Prompts) {
  static const std::string& long_text = *new std::string(5000, 'x');
  static const int32_t ids[] = {1, 1 << 30, -1};
  const auto tokens = [](int first) {
    return [first](inlay_request& r) {
      static inlay_prompt_part part;
      part = INLAY_PROMPT_PART_INIT;
      part.kind = INLAY_PART_TOKENS;
      part.tokens = ids + first;
      part.token_count = first == 0 ? 0 : 1;
      r.prompt = nullptr;
      r.prompt_size = 0;
      r.parts = &part;
      r.part_size = sizeof(part);
      r.part_count = 1;
      r.flags |= INLAY_REQUEST_NO_SPECIAL;
    };
  };
  const Case cases[] = {
      {"too long",
       [](inlay_request& r) {
         r.prompt = long_text.data();
         r.prompt_size = long_text.size();
       },
       INLAY_ERR_OUT_OF_RANGE, "32"},
      {"invalid UTF-8",
       [](inlay_request& r) {
         r.prompt = "ab\xff\xfe";
         r.prompt_size = 4;
       },
       INLAY_ERR_INVALID_ARGUMENT, "UTF-8"},
      {"cut code point",
       [](inlay_request& r) {
         r.prompt = "ab\xe2\x82";
         r.prompt_size = 4;
       },
       INLAY_ERR_INVALID_ARGUMENT, "UTF-8"},
      {"no prompt", [](inlay_request& r) { r.prompt = nullptr; },
       INLAY_ERR_INVALID_ARGUMENT, "prompt"},
      {"empty without BOS",
       [](inlay_request& r) {
         r.prompt_size = 0;
         r.flags |= INLAY_REQUEST_NO_SPECIAL;
       },
       INLAY_ERR_INVALID_ARGUMENT, "prompt"},
      {"no tokens", tokens(0), INLAY_ERR_INVALID_ARGUMENT, "prompt"},
      {"id too large", tokens(1), INLAY_ERR_OUT_OF_RANGE, "1073741824"},
      {"id negative", tokens(2), INLAY_ERR_OUT_OF_RANGE, "-1"},
  };
  for (const Case& c : cases) Check(c);
}

TEST_F(BadRequest, Limits) {
  static const int32_t ids[] = {1 << 30};
  static const float nan_bias[] = {kNan};
  static const float one[] = {1};
  static const int32_t zero[] = {0};
  const Case cases[] = {
      {"max_tokens", [](inlay_request& r) { r.max_tokens = -1; },
       INLAY_ERR_INVALID_ARGUMENT, "max_tokens"},
      {"deadline", [](inlay_request& r) { r.deadline_ns = -1; },
       INLAY_ERR_INVALID_ARGUMENT, "deadline"},
      {"top_logprobs", [](inlay_request& r) { r.top_logprobs = -1; },
       INLAY_ERR_OUT_OF_RANGE, "top_logprobs"},
      {"top_logprobs huge", [](inlay_request& r) { r.top_logprobs = 1 << 30; },
       INLAY_ERR_OUT_OF_RANGE, "logprobs"},
      {"bias id",
       [](inlay_request& r) {
         r.bias_tokens = ids;
         r.bias_values = one;
         r.bias_count = 1;
       },
       INLAY_ERR_OUT_OF_RANGE, "bias"},
      {"bias value",
       [](inlay_request& r) {
         r.bias_tokens = zero;
         r.bias_values = nan_bias;
         r.bias_count = 1;
       },
       INLAY_ERR_INVALID_ARGUMENT, "bias"},
      {"flags", [](inlay_request& r) { r.flags |= UINT64_C(1) << 63; },
       INLAY_ERR_UNSUPPORTED_FIELD, "flag"},
      {"zero size", [](inlay_request& r) { r.struct_size = 0; },
       INLAY_ERR_INVALID_ARGUMENT, "struct_size"},
      {"huge size", [](inlay_request& r) { r.struct_size = UINT32_MAX; },
       INLAY_ERR_INVALID_ARGUMENT, "struct_size"},
  };
  for (const Case& c : cases) Check(c);
}

TEST_F(BadRequest, Stops) {
  static const int32_t ids[] = {1 << 30};
  static const char* const empty[] = {""};
  static const char* const null[] = {nullptr};
  static const std::vector<const char*>& many =
      *new std::vector<const char*>(100000, "stop");
  const Case cases[] = {
      {"stop id",
       [](inlay_request& r) {
         r.stop_tokens = ids;
         r.stop_token_count = 1;
       },
       INLAY_ERR_OUT_OF_RANGE, "stop"},
      {"empty stop",
       [](inlay_request& r) {
         r.stop_strings = empty;
         r.stop_string_count = 1;
       },
       INLAY_ERR_INVALID_ARGUMENT, "stop"},
      {"null stop",
       [](inlay_request& r) {
         r.stop_strings = null;
         r.stop_string_count = 1;
       },
       INLAY_ERR_INVALID_ARGUMENT, "stop"},
      {"many stops",
       [](inlay_request& r) {
         r.stop_strings = many.data();
         r.stop_string_count = many.size();
       },
       INLAY_ERR_INVALID_ARGUMENT, "at most"},
  };
  for (const Case& c : cases) Check(c);
}

TEST_F(BadRequest, DirtyTailOfANewerCaller) {
  struct {
    inlay_request request = Good();
    uint64_t tail = 1;
  } newer;
  newer.request.struct_size = sizeof(newer);
  uint64_t id = 0;
  EXPECT_EQ(inlay_submit(engine_, &newer.request, &id, nullptr),
            INLAY_ERR_UNSUPPORTED_FIELD);
  newer.tail = 0;
  inlay_error error = INLAY_ERROR_INIT;
  EXPECT_EQ(Generate(newer.request, &error), good_) << error.message;
}

TEST_F(BadRequest, HugeMaxTokensFillsTheContext) {
  inlay_request request = Good();
  request.max_tokens = INT32_MAX;
  inlay_generation* generation = nullptr;
  inlay_error error = INLAY_ERROR_INIT;
  ASSERT_EQ(inlay_generate(engine_, &request, &generation, &error), INLAY_OK)
      << error.message;
  inlay_event event = INLAY_EVENT_INIT;
  inlay_generation_get(generation, &event, nullptr);
  EXPECT_EQ(event.finish_reason, INLAY_FINISH_CONTEXT_FULL);
  EXPECT_EQ(event.prompt_tokens + event.generated_tokens, 32);
  inlay_generation_release(generation);
}

}  // namespace
}  // namespace inlay::faults
