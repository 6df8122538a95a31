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

}  // namespace
}  // namespace inlay::sampling
