#include "cpp/sampling/params.h"

#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::sampling {
namespace {

using ::testing::HasSubstr;

void ExpectRefused(const SamplingParams& params, absl::StatusCode code,
                   const std::string& field) {
  const Status status = Validate(params, 10);
  EXPECT_EQ(status.code(), code) << field;
  EXPECT_THAT(std::string(status.message()), HasSubstr(field));
}

TEST(ParamsTest, DefaultsAndLimitsAreAccepted) {
  SamplingParams params;
  EXPECT_TRUE(Validate(params, 10).ok());
  params.temperature = 100;
  params.top_k = 1 << 30;
  params.top_p = params.min_p = params.typical_p = 1;
  params.repetition_penalty = 1000;
  params.presence_penalty = -2;
  params.frequency_penalty = 2;
  params.logprobs = 10;
  params.logit_bias = {{9, -INFINITY}, {0, 50.0f}};
  params.min_tokens = params.no_repeat_ngram = 1 << 30;
  params.end_ids = {0, 9};
  params.dry_multiplier = params.dry_base = 100;
  params.dry_allowed_length = params.dry_last_n = 1 << 30;
  params.dry_breakers = {{0}, {9, 0}, {0}};
  params.xtc_probability = params.xtc_threshold = 1;
  EXPECT_TRUE(Validate(params, 10).ok());
}

TEST(ParamsTest, EachFloatRefusesWhatIsNoNumberOrOutside) {
  struct Field {
    const char* name;
    float SamplingParams::*member;
    float outside;
  };
  const Field fields[] = {
      {"temperature", &SamplingParams::temperature, 100.5f},
      {"top_p", &SamplingParams::top_p, 1.01f},
      {"min_p", &SamplingParams::min_p, 1.01f},
      {"typical_p", &SamplingParams::typical_p, 1.01f},
      {"repetition_penalty", &SamplingParams::repetition_penalty, 1001.0f},
      {"presence_penalty", &SamplingParams::presence_penalty, 2.1f},
      {"frequency_penalty", &SamplingParams::frequency_penalty, 2.1f},
      {"dry_multiplier", &SamplingParams::dry_multiplier, 100.5f},
      {"dry_base", &SamplingParams::dry_base, 0.5f},
      {"dry_base", &SamplingParams::dry_base, 100.5f},
      {"xtc_probability", &SamplingParams::xtc_probability, 1.01f},
      {"xtc_threshold", &SamplingParams::xtc_threshold, 1.01f},
      {"mirostat_tau", &SamplingParams::mirostat_tau, 100.5f},
      {"mirostat_eta", &SamplingParams::mirostat_eta, 1.01f},
  };
  for (const Field& field : fields) {
    for (const float bad : {NAN, INFINITY, -INFINITY, -3.0f, field.outside}) {
      SamplingParams params;
      params.*field.member = bad;
      ExpectRefused(params, absl::StatusCode::kInvalidArgument, field.name);
    }
  }
}

TEST(ParamsTest, CountsAndIds) {
  SamplingParams params;
  params.top_k = -1;
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "top_k");
  params = {};
  params.penalty_last_n = -1;
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "penalty_last_n");
  params = {};
  params.logprobs = -2;
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "logprobs");
  params.logprobs = 11;
  ExpectRefused(params, absl::StatusCode::kOutOfRange, "logprobs");
  params = {};
  params.logit_bias = {{0, 1.0f}, {10, 1.0f}};
  ExpectRefused(params, absl::StatusCode::kOutOfRange, "logit_bias[1]");
  params.logit_bias = {{-1, 1.0f}};
  ExpectRefused(params, absl::StatusCode::kOutOfRange, "logit_bias[0]");
  params.logit_bias = {{1, NAN}};
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "logit_bias[0]");
  params.logit_bias = {{1, INFINITY}};
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "logit_bias[0]");
}

TEST(ParamsTest, CountsOfTheNewerRules) {
  struct Field {
    const char* name;
    int32_t SamplingParams::*member;
  };
  const Field fields[] = {
      {"min_tokens", &SamplingParams::min_tokens},
      {"no_repeat_ngram", &SamplingParams::no_repeat_ngram},
      {"dry_allowed_length", &SamplingParams::dry_allowed_length},
      {"dry_last_n", &SamplingParams::dry_last_n},
      {"mirostat", &SamplingParams::mirostat},
  };
  for (const Field& field : fields) {
    SamplingParams params;
    params.*field.member = -1;
    ExpectRefused(params, absl::StatusCode::kInvalidArgument, field.name);
  }
  SamplingParams params;
  params.mirostat = 3;
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "mirostat");
}

TEST(ParamsTest, MirostatExcludesOtherCuts) {
  const auto refuse = [](const char* field, auto set) {
    SamplingParams params;
    params.mirostat = 1;
    EXPECT_TRUE(Validate(params, 10).ok());
    set(&params);
    ExpectRefused(params, absl::StatusCode::kInvalidArgument, field);
    params.mirostat = 0;
    EXPECT_TRUE(Validate(params, 10).ok());
  };
  refuse("top_k", [](SamplingParams* p) { p->top_k = 1; });
  refuse("top_p", [](SamplingParams* p) { p->top_p = 0.5f; });
  refuse("min_p", [](SamplingParams* p) { p->min_p = 0.5f; });
  refuse("typical_p", [](SamplingParams* p) { p->typical_p = 0.5f; });
  refuse("xtc_probability",
         [](SamplingParams* p) { p->xtc_probability = 0.5f; });
}

TEST(ParamsTest, ListsOfTokens) {
  SamplingParams params;
  params.end_ids = {3, 10};
  ExpectRefused(params, absl::StatusCode::kOutOfRange, "end_ids[1]");
  params = {};
  params.dry_breakers = {{1}, {2, -1}};
  ExpectRefused(params, absl::StatusCode::kOutOfRange, "dry_breakers[1]");
  params.dry_breakers = {{1}, {}};
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "dry_breakers[1]");
  params.dry_breakers.assign(kMaxDryBreakers + 1, {1});
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "dry_breakers");
  params.dry_breakers.assign(kMaxDryBreakerTokens / 2, {1, 2});
  EXPECT_TRUE(Validate(params, 10).ok());
  params.dry_breakers.push_back({1, 2});
  ExpectRefused(params, absl::StatusCode::kInvalidArgument, "dry_breakers");
}

}  // namespace
}  // namespace inlay::sampling
