// Sampling in a step: rows with a hook, and prompts with known tokens.
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <thread>
#include <vector>

#include "tests/backend/rig.h"

namespace inlay::backend {
namespace {

constexpr int kRequests = 12;

// Requests of one token each.
scheduler::StepPlan OneTokenEach() {
  scheduler::StepPlan step;
  for (int32_t i = 0; i < kRequests; ++i) {
    step.tokens.push_back(i);
    step.positions.push_back(0);
    step.blocks.push_back(i);
    step.logits_rows.push_back(i);
    step.groups.push_back({.row_begin = i,
                           .row_count = 1,
                           .block_begin = i,
                           .block_count = 1,
                           .logits_begin = i,
                           .logits_count = 1,
                           .sample_begin = i,
                           .sample_count = 1});
    step.samples.push_back({});
  }
  return step;
}

Status RunStep(Rig* rig, const scheduler::StepPlan& step,
               scheduler::StepResult* result) {
  const auto ticket = rig->executor->Launch(step);
  if (!ticket.ok()) return ticket.status();
  return rig->executor->Collect(*ticket, result);
}

struct HookLog {
  std::vector<std::thread::id> threads;
  int32_t wanted = 0;
};

// Leaves one token; every third call fails.
Status LeaveOne(void* user, std::span<const int32_t>, std::span<const int32_t>,
                std::span<float> logits) {
  auto* log = static_cast<HookLog*>(user);
  log->threads.push_back(std::this_thread::get_id());
  if (log->threads.size() % 3 == 0) return absl::AbortedError("no");
  for (size_t i = 0; i < logits.size(); ++i) {
    if (static_cast<int32_t>(i) != log->wanted) logits[i] = -INFINITY;
  }
  return OkStatus();
}

TEST(CpuSamplingTest, HooksRunOneAtATimeOnTheCallersThread) {
  const TinyModel model = MakeTinyModel({});
  Rig rig = MakeRig(model, {.threads = 3});
  scheduler::StepPlan step = OneTokenEach();
  HookLog log = {.wanted = 41};
  sampling::SamplingParams plain, hooked;
  hooked.hook = {LeaveOne, &log};
  for (int32_t i = 0; i < kRequests; ++i) {
    step.samples[i].params = i % 4 == 1 ? &plain : &hooked;
  }
  scheduler::StepResult result;
  ASSERT_TRUE(RunStep(&rig, step, &result).ok());
  ASSERT_EQ(log.threads.size(), 9u);
  EXPECT_EQ(std::set(log.threads.begin(), log.threads.end()),
            std::set{std::this_thread::get_id()});
  int calls = 0;
  for (int32_t i = 0; i < kRequests; ++i) {
    SCOPED_TRACE(i);
    if (i % 4 == 1) {
      EXPECT_TRUE(result.sample_status[i].ok());
    } else if (++calls % 3 == 0) {
      EXPECT_EQ(result.sample_status[i], absl::AbortedError("no"));
    } else {
      EXPECT_TRUE(result.sample_status[i].ok());
      EXPECT_EQ(result.samples[i].token, 41);
    }
  }
}

TEST(CpuSamplingTest, AGroupMayHaveKnownTokensAndADraw) {
  const TinyModel model = MakeTinyModel({});
  Rig rig = MakeRig(model, {.threads = 2});
  scheduler::StepPlan step;
  step.tokens = {5, 6, 7, 8};
  step.positions = {0, 1, 2, 3};
  step.blocks = {3};
  step.logits_rows = {0, 1, 2, 3};
  step.groups = {
      {.row_count = 4, .block_count = 1, .logits_count = 4, .sample_count = 4}};
  sampling::SamplingParams params;
  params.logprobs = 1;
  for (const int32_t target : {6, 7, 8, -1}) {
    step.samples.push_back({.params = &params, .target = target});
  }
  std::vector<float> logits(4 * 97);
  step.logits_out = logits.data();
  scheduler::StepResult result;
  ASSERT_TRUE(RunStep(&rig, step, &result).ok());
  for (size_t i = 0; i < 4; ++i) {
    SCOPED_TRACE(i);
    ASSERT_TRUE(result.sample_status[i].ok()) << result.sample_status[i];
    const sampling::SampleOutput& output = result.samples[i];
    if (i < 3) {
      EXPECT_EQ(output.token, step.tokens[i + 1]);
    }
    double sum = 0;
    for (size_t t = 0; t < 97; ++t) {
      sum += std::exp(static_cast<double>(logits[i * 97 + t]));
    }
    EXPECT_NEAR(output.logprob, logits[i * 97 + output.token] - std::log(sum),
                1e-5);
    ASSERT_EQ(output.top.size(), 1u);
    EXPECT_GE(output.top[0].logprob, output.logprob);
  }
}

}  // namespace
}  // namespace inlay::backend
