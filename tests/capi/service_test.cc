// What a request asks of the serving engine, and what that tells of itself.
#include <inlay/inlay.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class ServiceTest : public inlay_test::ModelTest {
 protected:
  inlay_status Refused(const inlay_request& request) {
    uint64_t id = 1;
    const inlay_status status = inlay_submit(engine, &request, &id, &error);
    EXPECT_EQ(id, 0u);
    EXPECT_EQ(error.retry_after_ns, 0);
    return status;
  }
  void CreateWith(std::vector<std::pair<const char*, const char*>> tunables,
                  uint64_t flags = 0) {
    inlay_options* set = nullptr;
    ASSERT_OK(inlay_options_create(&set, &error));
    for (const auto& [key, value] : tunables) {
      ASSERT_OK(
          inlay_options_set(set, key, INLAY_NUL, value, INLAY_NUL, &error));
    }
    inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
    options.options = set;
    options.flags = flags;
    CreateEngine(options);
    inlay_options_release(set);
  }
  inlay_engine_stats Stats() {
    inlay_engine_stats stats = INLAY_ENGINE_STATS_INIT;
    EXPECT_EQ(INLAY_OK, inlay_engine_get_stats(engine, &stats, &error));
    return stats;
  }
};

TEST_F(ServiceTest, NumbersOutsideTheirRangeAreRefused) {
  CreateEngine();
  const struct {
    int32_t inlay_request::*field;
    int32_t bad;
  } kNumbers[] = {
      {&inlay_request::priority, 101},
      {&inlay_request::priority, -101},
      {&inlay_request::choices, -1},
      {&inlay_request::choices, 65},
      {&inlay_request::best_of, -1},
      {&inlay_request::best_of, 65},
      {&inlay_request::beam_width, -1},
      {&inlay_request::beam_width, 65},
      {&inlay_request::min_tokens, -1},
      {&inlay_request::mirostat, 3},
      {&inlay_request::mirostat, -1},
      {&inlay_request::dry_last_n, -1},
      {&inlay_request::no_repeat_ngram, -1},
      {&inlay_request::dry_allowed_length, -1},
  };
  for (const auto& row : kNumbers) {
    inlay_request request = Request(1);
    request.*row.field = row.bad;
    const inlay_status status = Refused(request);
    EXPECT_TRUE(status == INLAY_ERR_OUT_OF_RANGE ||
                status == INLAY_ERR_INVALID_ARGUMENT)
        << &row - kNumbers << ": " << inlay_status_name(status);
  }
  float inlay_request::*const kReals[] = {
      &inlay_request::length_penalty, &inlay_request::mirostat_tau,
      &inlay_request::mirostat_eta,   &inlay_request::xtc_probability,
      &inlay_request::xtc_threshold,  &inlay_request::dry_multiplier,
      &inlay_request::dry_base,
  };
  for (const auto field : kReals) {
    for (const float bad : {kNan, -INFINITY, INFINITY}) {
      inlay_request request = Request(1);
      request.*field = bad;
      EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Refused(request));
    }
  }
}

TEST_F(ServiceTest, NamesAreUtf8AndBounded) {
  CreateEngine();
  const std::string longest(256, 'n'), longer(257, 'n');
  for (const bool tenant : {true, false}) {
    inlay_request request = Request(1);
    const char*& name = tenant ? request.tenant : request.cache_domain;
    size_t& size = tenant ? request.tenant_size : request.cache_domain_size;
    name = longer.data();
    size = longer.size();
    EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Refused(request));
    name = "\xC3(";
    size = 2;
    EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Refused(request));
    name = nullptr;
    EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Refused(request));
    name = longest.data();
    size = longest.size();
    Submit(request);
    name = "b\u00fcro";
    size = INLAY_NUL;
    Submit(request);
    PollToEnd(2);
  }
}

TEST_F(ServiceTest, TheSamplersNewFieldsChangeTheAnswerAndAreRepeatable) {
  CreateEngine();
  const auto answer = [&](const inlay_request& request) {
    tokens.clear();
    Submit(request);
    PollToEnd(1);
    return tokens;
  };
  inlay_request plain = Request(24);
  plain.temperature = 1.0f;
  plain.seed = 3;
  const auto usual = answer(plain);
  inlay_request request = plain;
  request.mirostat = 2;
  request.mirostat_tau = 1.0f;
  EXPECT_NE(answer(request), usual);
  EXPECT_EQ(answer(request), answer(request));
  request = plain;
  request.xtc_probability = 1.0f;
  request.xtc_threshold = 0.01f;
  EXPECT_NE(answer(request), usual);
  request = Request(60);
  request.no_repeat_ngram = 1;
  const auto unique = answer(request);
  EXPECT_EQ(std::set<int32_t>(unique.begin(), unique.end()).size(), 60u);
}

TEST_F(ServiceTest, DryTakesBreakersAsTexts) {
  CreateEngine();
  inlay_request request = Request(30);
  request.dry_multiplier = 4.0f;
  request.dry_allowed_length = 1;
  Submit(request);
  PollToEnd(1);
  EXPECT_EQ(tokens.size(), 30u);
  const char* breakers[] = {"the", ". "};
  request.dry_breakers = breakers;
  request.dry_breaker_count = 2;
  Submit(request);
  request.dry_breaker_count = 0;  // none at all
  Submit(request);
  PollToEnd(2);
  request.dry_breaker_count = 65;
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Refused(request));
  const std::string longer(65, 'b');
  for (const char* bad : {"", longer.c_str()}) {
    breakers[0] = bad;
    request.dry_breaker_count = 1;
    EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Refused(request));
  }
  breakers[0] = "\xE2\x82";
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Refused(request));
  request.dry_breakers = nullptr;
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Refused(request));
}

// Bans every token but one, and counts.
struct Hook {
  int32_t only = 0;
  int32_t result = 0;
  size_t calls = 0, prompt = 0, width = 0;
  bool grew = true;

  static int32_t Call(void* self, const int32_t* prompt, size_t prompt_count,
                      const int32_t* generated, size_t generated_count,
                      float* logits, size_t logit_count) {
    auto* hook = static_cast<Hook*>(self);
    hook->grew = hook->grew && generated_count == hook->calls;
    for (size_t i = 0; i < generated_count; ++i) {
      hook->grew = hook->grew && generated[i] == hook->only;
    }
    ++hook->calls;
    hook->prompt = prompt_count;
    hook->width = prompt[0] >= 0 ? logit_count : 0;
    for (size_t i = 0; i < logit_count; ++i) {
      if (i != static_cast<size_t>(hook->only)) logits[i] = -INFINITY;
    }
    return hook->result;
  }
};

TEST_F(ServiceTest, TheLogitsHookDecides) {
  CreateEngine();
  inlay_model_info info = INLAY_MODEL_INFO_INIT;
  ASSERT_OK(inlay_model_get_info(model, &info, &error));
  Hook hook;
  hook.only = 42;
  inlay_request request = Request(5);
  request.logits_hook = Hook::Call;
  request.logits_user_data = &hook;
  Submit(request);
  const auto ended = PollToEnd(1);
  EXPECT_EQ(tokens, std::vector<int32_t>(5, 42));
  EXPECT_EQ(hook.calls, 5u);
  EXPECT_TRUE(hook.grew);
  EXPECT_EQ(hook.width, static_cast<size_t>(info.vocabulary_size));
  EXPECT_EQ(hook.prompt, static_cast<size_t>(ended.at(0).prompt_tokens));
  // A hook that says no ends its request alone.
  hook = Hook();
  hook.result = 7;
  Submit(request);
  const uint64_t well = Submit(Request(4));
  const auto both = PollToEnd(2);
  for (const inlay_event& event : both) {
    EXPECT_EQ(event.kind, event.request_id == well ? INLAY_EVENT_FINISHED
                                                   : INLAY_EVENT_FAILED);
    if (event.kind == INLAY_EVENT_FAILED) {
      EXPECT_EQ(event.status, INLAY_ERR_CANCELLED);
    }
  }
}

TEST_F(ServiceTest, MinTokensHoldsTheEndBack) {
  CreateEngine();
  // Without it, the first token would end the answer.
  Submit(Request(1));
  PollToEnd(1);
  const int32_t first = tokens.at(0);
  inlay_request request = Request(12);
  request.stop_tokens = &first;
  request.stop_token_count = 1;
  tokens.clear();
  Submit(request);
  EXPECT_EQ(PollToEnd(1).at(0).finish_reason, INLAY_FINISH_STOP);
  EXPECT_TRUE(tokens.empty());
  request.min_tokens = 4;
  Submit(request);
  PollToEnd(1);
  EXPECT_GE(tokens.size(), 4u);
}

TEST_F(ServiceTest, PromptLogprobsComeBeforeTheFirstDelta) {
  CreateEngine();
  inlay_request request = Request(3);
  request.flags |= INLAY_REQUEST_PROMPT_LOGPROBS;
  request.top_logprobs = 2;
  inlay_generation* generation = nullptr;
  ASSERT_OK(inlay_generate(engine, &request, &generation, &error));
  inlay_event whole = INLAY_EVENT_INIT, prompt = INLAY_EVENT_INIT;
  ASSERT_OK(inlay_generation_get(generation, &whole, &error));
  ASSERT_OK(inlay_generation_get_prompt(generation, &prompt, &error));
  EXPECT_EQ(prompt.kind, INLAY_EVENT_PROMPT);
  EXPECT_EQ(prompt.token_count, static_cast<size_t>(whole.prompt_tokens - 1));
  ASSERT_NE(prompt.logprobs, nullptr);
  EXPECT_EQ(prompt.top_count, 2u);
  for (size_t i = 0; i < prompt.token_count; ++i) {
    EXPECT_LE(prompt.logprobs[i], prompt.top_logprobs[2 * i] + 1e-6f);
  }
  EXPECT_EQ(whole.token_count, 3u);
  inlay_generation_release(generation);
  ASSERT_OK(
      inlay_generate(engine, &(request = Request(1)), &generation, &error));
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND,
                inlay_generation_get_prompt(generation, &prompt, &error));
  inlay_generation_release(generation);
}

TEST_F(ServiceTest, ARepeatedPromptComesFromTheCacheUnlessToldNot) {
  CreateEngine();
  const std::string longer(80, 'x');
  inlay_request request = Request(2);
  request.prompt = longer.data();
  request.prompt_size = longer.size();
  const auto cached = [&](uint64_t flags, const char* domain) {
    request.flags = INLAY_REQUEST_IGNORE_END | flags;
    request.cache_domain = domain;
    request.cache_domain_size = domain == nullptr ? 0 : INLAY_NUL;
    Submit(request);
    return PollToEnd(1).at(0).cached_tokens;
  };
  EXPECT_EQ(cached(INLAY_REQUEST_NO_CACHE, nullptr), 0);
  EXPECT_EQ(cached(0, nullptr), 0);
  EXPECT_GT(cached(0, nullptr), 0);
  EXPECT_EQ(cached(INLAY_REQUEST_NO_CACHE, nullptr), 0);
  EXPECT_EQ(cached(0, "another"), 0);
  EXPECT_GT(Stats().cached_tokens, 0u);
  EXPECT_GT(Stats().lookup_tokens, Stats().cached_tokens);
  inlay_engine_release(engine);
  CreateWith({{"prefix_cache", "off"}});
  EXPECT_EQ(cached(0, nullptr), 0);
  EXPECT_EQ(cached(0, nullptr), 0);
}

TEST_F(ServiceTest, AFullQueueSaysWhenToTryAgain) {
  CreateWith({{"max_queue", "2"}}, INLAY_ENGINE_HOST_DRIVEN);
  inlay_status status = INLAY_OK;
  int accepted = 0;
  for (; accepted < 5; ++accepted) {
    const inlay_request request = Request(3);
    uint64_t id = 0;
    status = inlay_submit(engine, &request, &id, &error);
    if (status != INLAY_OK) break;
  }
  EXPECT_EQ(accepted, 2);
  EXPECT_STATUS(INLAY_ERR_RESOURCE_EXHAUSTED, status);
  EXPECT_GT(error.retry_after_ns, 0);
  EXPECT_GT(Stats().queued_tokens, 0);
  ASSERT_OK(inlay_engine_close(engine, INLAY_CLOSE_CANCEL, 0, &error));
  PollToEnd(2);
}

TEST_F(ServiceTest, ConfigurationsTellTheSwapSpaceAndThePagesType) {
  const struct {
    const char* name;
    int32_t kv;
  } kTypes[] = {{"f32", INLAY_KV_F32},
                {"f16", INLAY_KV_F16},
                {"bf16", INLAY_KV_BF16},
                {"int8", INLAY_KV_INT8},
                {"fp8", INLAY_KV_FP8}};
  for (const auto& type : kTypes) {
    inlay_engine_release(engine);
    engine = nullptr;
    CreateWith({{"kv_type", type.name}, {"swap_bytes", "1048576"}});
    inlay_engine_config config = INLAY_ENGINE_CONFIG_INIT;
    ASSERT_OK(inlay_engine_get_config(engine, &config, &error));
    EXPECT_EQ(config.kv_type, type.kv);
    EXPECT_GT(config.swap_pages, 0);
    EXPECT_LE(config.swap_bytes, 1048576u);
    EXPECT_EQ(Stats().swap_pages_total, config.swap_pages);
    Submit(Request(4));
    PollToEnd(1);
  }
}

TEST_F(ServiceTest, EveryPolicyAndBatchingServes) {
  for (const char* policy : {"fair", "fcfs", "priority", "deadline"}) {
    for (const char* batching : {"in_flight", "static"}) {
      inlay_engine_release(engine);
      engine = nullptr;
      CreateWith({{"policy", policy}, {"batching", batching}});
      for (int i = 0; i < 4; ++i) {
        inlay_request request = Request(3 + i);
        request.priority = i - 2;
        Submit(request);
      }
      EXPECT_EQ(PollToEnd(4).size(), 4u);
    }
  }
}

}  // namespace
