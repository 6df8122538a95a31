// What a row's input carries beside its parameters: a target, a state, a hook.
#include <cmath>
#include <cstdint>
#include <vector>

#include "cpp/base/fp_mode.h"
#include "cpp/sampling/sampler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::sampling {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInf = INFINITY;

Status Sample(std::vector<float>* row, const SampleInput& input,
              SampleOutput* output) {
  Sampler sampler(static_cast<int32_t>(row->size()));
  return sampler.Sample(std::span(*row), input, output);
}

TEST(SampleTargetTest, ReportsTheTokenAndLeavesTheRow) {
  SamplingParams params;
  params.logprobs = 2;
  params.temperature = 1;
  params.logit_bias = {{0, 50.0f}};
  params.mirostat = 2;
  const SamplerState state = {.started = true, .mirostat_mu = 3};
  std::vector<float> row = {0, 2, 1};
  SampleOutput output;
  output.top.resize(7);
  ASSERT_TRUE(Sample(&row, {&params, {}, {}, 4, 2, &state}, &output).ok());
  const double sum = 1 + std::exp(2.0) + std::exp(1.0);
  EXPECT_EQ(output.token, 2);
  EXPECT_NEAR(output.logprob, 1 - std::log(sum), 1e-6);
  ASSERT_EQ(output.top.size(), 2u);
  EXPECT_EQ(output.top[0].token, 1);
  EXPECT_EQ(output.top[1].token, 2);
  EXPECT_EQ(output.state.mirostat_mu, 3);
  EXPECT_THAT(row, ElementsAre(0, 2, 1));
}

TEST(SampleTargetTest, NeedsNoLogprobsAskedForButAToken) {
  const SamplingParams params;
  std::vector<float> row = {0, -kInf, 0};
  SampleOutput output;
  ASSERT_TRUE(Sample(&row, {&params, {}, {}, 4, 0}, &output).ok());
  EXPECT_NEAR(output.logprob, std::log(0.5), 1e-6);
  EXPECT_TRUE(output.top.empty());
  ASSERT_TRUE(Sample(&row, {&params, {}, {}, 4, 1}, &output).ok());
  EXPECT_EQ(output.logprob, -kInf);
  EXPECT_EQ(Sample(&row, {&params, {}, {}, 4, 3}, &output).code(),
            absl::StatusCode::kInternal);
  row[0] = NAN;
  EXPECT_EQ(Sample(&row, {&params, {}, {}, 4, 0}, &output).code(),
            absl::StatusCode::kDataLoss);
}

TEST(SampleStateTest, PassesThroughWhereNothingAdvancesIt) {
  const SamplerState state = {.started = true, .mirostat_mu = 4.5};
  SamplingParams params;
  SampleOutput output;
  std::vector<float> row = {0, 2, 1};
  ASSERT_TRUE(Sample(&row, {&params, {}, {}, 0, -1, &state}, &output).ok());
  EXPECT_TRUE(output.state.started);
  EXPECT_EQ(output.state.mirostat_mu, 4.5);
  ASSERT_TRUE(Sample(&row, {&params, {}, {}, 0}, &output).ok());
  EXPECT_FALSE(output.state.started);
}

// A row computed twice from the same state gives the same state.
TEST(SampleStateTest, IsAValueThatTheCallerKeeps) {
  SamplingParams params;
  params.temperature = 1;
  params.mirostat = 2;
  const SamplerState state = {.started = true, .mirostat_mu = 4.5};
  std::vector<double> mus;
  for (int i = 0; i < 2; ++i) {
    std::vector<float> row = {0, 2, 1};
    SampleOutput output;
    ASSERT_TRUE(Sample(&row, {&params, {}, {}, 9, -1, &state}, &output).ok());
    mus.push_back(output.state.mirostat_mu);
  }
  EXPECT_EQ(mus[0], mus[1]);
  EXPECT_NE(mus[0], 4.5);
  EXPECT_EQ(state.mirostat_mu, 4.5);
}

struct HookCalls {
  int count = 0;
  Status answer;
  float set_first = 0;
  std::vector<int32_t> prompt, generated;
  std::vector<float> seen;
};

Status RecordCall(void* user, std::span<const int32_t> prompt,
                  std::span<const int32_t> generated, std::span<float> logits) {
  auto* calls = static_cast<HookCalls*>(user);
  ++calls->count;
  calls->prompt.assign(prompt.begin(), prompt.end());
  calls->generated.assign(generated.begin(), generated.end());
  calls->seen.assign(logits.begin(), logits.end());
  logits[0] = calls->set_first;
  return calls->answer;
}

class SampleHookTest : public testing::Test {
 protected:
  SampleHookTest() { params_.hook = {RecordCall, &calls_}; }
  Status Run(int32_t target = -1) {
    row_ = {0, 2, 1};
    return Sample(&row_, {&params_, prompt_, generated_, 3, target}, &output_);
  }
  HookCalls calls_;
  SamplingParams params_;
  const std::vector<int32_t> prompt_ = {1, 2}, generated_ = {0};
  std::vector<float> row_;
  SampleOutput output_;
};

TEST_F(SampleHookTest, SeesRawLogitsBeforeTheBias) {
  params_.logit_bias = {{0, -3.0f}, {1, -1.5f}};
  params_.logprobs = 1;
  calls_.set_first = 4.1f;
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(calls_.count, 1);
  EXPECT_THAT(calls_.prompt, ElementsAre(1, 2));
  EXPECT_THAT(calls_.generated, ElementsAre(0));
  EXPECT_THAT(calls_.seen, ElementsAre(0, 2, 1));
  EXPECT_EQ(output_.token, 0);
  // Log-probabilities are of the row before the hook.
  const double sum = 1 + std::exp(2.0) + std::exp(1.0);
  EXPECT_NEAR(output_.logprob, -std::log(sum), 1e-6);
  EXPECT_EQ(output_.top[0].token, 1);
}

TEST_F(SampleHookTest, ItsErrorAndItsNonsenseFailTheRow) {
  calls_.answer = absl::AbortedError("the host says no");
  EXPECT_EQ(Run(), calls_.answer);
  calls_.answer = OkStatus();
  for (const float bad : {NAN, kInf}) {
    calls_.set_first = bad;
    const Status status = Run();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("hook"));
  }
  calls_.set_first = -kInf;
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(output_.token, 1);
  params_.logit_bias = {{1, -kInf}, {2, -kInf}};
  EXPECT_EQ(Run().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SampleHookTest, IsNotCalledForATarget) {
  ASSERT_TRUE(Run(1).ok());
  EXPECT_EQ(calls_.count, 0);
}

#if defined(__SSE2__)
TEST_F(SampleHookTest, CannotLeaveAnotherFloatingPointMode) {
  params_.hook.call = [](void* user, auto, auto, auto) -> Status {
    *static_cast<int*>(user) = static_cast<int>(_mm_getcsr());
    _mm_setcsr(_mm_getcsr() | 0x8040);  // flushes denormals
    return OkStatus();
  };
  int mode = 0;
  params_.hook.user = &mode;
  const unsigned before = _mm_getcsr();
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(_mm_getcsr() & ~0x3fu, before & ~0x3fu);
  EXPECT_EQ(mode & ~0x3f, 0x1f80);
}
#endif

}  // namespace
}  // namespace inlay::sampling
