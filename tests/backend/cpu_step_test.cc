// Steps: sampling, wrong steps, copies of pages.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/backend/rig.h"

namespace inlay::backend {
namespace {

class CpuStepTest : public testing::Test {
 protected:
  explicit CpuStepTest(KvType type = KvType::kAuto)
      : model_(MakeTinyModel({})),
        rig_(MakeRig(model_, {.threads = 2, .kv_type = type})) {}

  // Two requests of 5 and 3 tokens that both sample.
  scheduler::StepPlan TwoRequests() {
    scheduler::StepPlan step;
    step.tokens = {1, 2, 3, 4, 5, 6, 7, 8};
    step.positions = {0, 1, 2, 3, 4, 0, 1, 2};
    step.blocks = {4, 9};
    step.logits_rows = {4, 7};
    step.groups = {{.row_begin = 0,
                    .row_count = 5,
                    .block_begin = 0,
                    .block_count = 1,
                    .logits_begin = 0,
                    .logits_count = 1,
                    .sample_count = 1},
                   {.row_begin = 5,
                    .row_count = 3,
                    .block_begin = 1,
                    .block_count = 1,
                    .logits_begin = 1,
                    .logits_count = 1,
                    .sample_begin = 1,
                    .sample_count = 1}};
    step.samples = {{.params = &params_, .position = 5},
                    {.params = &params_, .position = 3}};
    return step;
  }
  Status Run(const scheduler::StepPlan& step) {
    const auto ticket = rig_.executor->Launch(step);
    if (!ticket.ok()) return ticket.status();
    return rig_.executor->Collect(*ticket, &result_);
  }

  TinyModel model_;
  Rig rig_;
  sampling::SamplingParams params_;
  scheduler::StepResult result_;
};

TEST_F(CpuStepTest, GreedyTakesTheLargestLogitAndLogitsStayRaw) {
  scheduler::StepPlan step = TwoRequests();
  std::vector<float> logits(2 * 97);
  step.logits_out = logits.data();
  ASSERT_TRUE(Run(step).ok());
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(result_.sample_status[i].ok()) << result_.sample_status[i];
    const auto row = logits.begin() + i * 97;
    EXPECT_EQ(result_.samples[i].token, std::max_element(row, row + 97) - row);
  }
}

TEST_F(CpuStepTest, StepsWithoutLogitsRun) {
  scheduler::StepPlan step = TwoRequests();
  step.samples.clear();
  step.logits_rows.clear();
  for (auto& group : step.groups) {
    group.sample_begin = group.sample_count = 0;
    group.logits_begin = group.logits_count = 0;
  }
  EXPECT_TRUE(Run(step).ok());
  EXPECT_TRUE(result_.samples.empty());
}

TEST_F(CpuStepTest, ABadRowFailsAlone) {
  scheduler::StepPlan step = TwoRequests();
  sampling::SamplingParams banned;
  for (int32_t t = 0; t < 97; ++t) {
    banned.logit_bias.push_back({t, -INFINITY});
  }
  step.samples[0].params = &banned;
  ASSERT_TRUE(Run(step).ok());
  EXPECT_FALSE(result_.sample_status[0].ok());
  EXPECT_TRUE(result_.sample_status[1].ok());
}

TEST_F(CpuStepTest, WrongStepsAreInternalErrors) {
  using Step = scheduler::StepPlan;
  const std::function<void(Step&)> wrongs[] = {
      [](Step& s) { s.blocks[0] = kPages; },
      [](Step& s) { s.blocks[1] = -1; },
      [](Step& s) { s.tokens[2] = 97; },
      [](Step& s) { s.tokens[2] = -1; },
      [](Step& s) { s.positions[1] = 7; },
      [](Step& s) { s.positions.pop_back(); },
      [](Step& s) { s.groups[0].block_count = 0; },
      [](Step& s) { s.groups[1].block_begin = 2; },
      [](Step& s) { s.groups[0].position = -1; },
      [](Step& s) { s.groups[1].row_begin = 4; },
      [](Step& s) { s.groups[1].row_count = 4; },
      [](Step& s) { s.groups.pop_back(); },
      [](Step& s) { s.logits_rows[0] = 8; },
      [](Step& s) { s.logits_rows.push_back(7); },
      [](Step& s) { s.groups[0].logits_count = 3; },
      [](Step& s) { s.samples.pop_back(); },
      [](Step& s) { s.samples[0].params = nullptr; },
      [](Step& s) { s = Step(); },
  };
  for (size_t i = 0; i < std::size(wrongs); ++i) {
    scheduler::StepPlan step = TwoRequests();
    wrongs[i](step);
    EXPECT_EQ(Run(step).code(), absl::StatusCode::kInternal) << i;
  }
  EXPECT_TRUE(Run(TwoRequests()).ok());
}

TEST_F(CpuStepTest, TicketsAreOneAtATime) {
  const scheduler::StepPlan step = TwoRequests();
  const uint64_t ticket = *rig_.executor->Launch(step);
  EXPECT_EQ(rig_.executor->Launch(step).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(rig_.executor->Collect(ticket + 1, &result_).ok());
  EXPECT_TRUE(rig_.executor->Collect(ticket, &result_).ok());
  EXPECT_FALSE(rig_.executor->Collect(ticket, &result_).ok());
}

class TransferTest : public CpuStepTest,
                     public testing::WithParamInterface<KvType> {
 protected:
  TransferTest() : CpuStepTest(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Formats, TransferTest,
                         testing::Values(KvType::kF32, KvType::kF16,
                                         KvType::kBf16, KvType::kInt8,
                                         KvType::kFp8));

TEST_P(TransferTest, ACopiedPageContinuesARequest) {
  const std::vector<int32_t> tokens = RandomTokens(30, 97, 9);
  const auto whole = *rig_.Run({{tokens, {30}, {0, 1}}});
  ASSERT_TRUE(rig_.Run({{tokens, {20}, {2, 3}}}).ok());
  scheduler::StepPlan step;
  step.transfers = {
      {.kind = scheduler::PageTransfer::Kind::kCopy, .from = 3, .to = 5}};
  std::vector<float> logits(10 * 97);
  for (int32_t p = 20; p < 30; ++p) {
    step.tokens.push_back(tokens[p]);
    step.positions.push_back(p);
    step.logits_rows.push_back(p - 20);
  }
  step.blocks = {2, 5};
  step.groups = {
      {.row_count = 10, .position = 20, .block_count = 2, .logits_count = 10}};
  step.logits_out = logits.data();
  ASSERT_TRUE(Run(step).ok());
  EXPECT_TRUE(
      std::equal(logits.begin(), logits.end(), whole[0].begin() + 20 * 97));
}

TEST_P(TransferTest, APageThatWasMovedOutAndInContinuesARequest) {
  using Kind = scheduler::PageTransfer::Kind;
  const std::vector<int32_t> tokens = RandomTokens(30, 97, 9);
  const auto whole = *rig_.Run({{tokens, {30}, {0, 1}}});
  ASSERT_TRUE(rig_.Run({{tokens, {20}, {2, 3}}}).ok());
  std::vector<uint8_t> host(rig_.executor->page_bytes());
  scheduler::StepPlan out;
  out.transfers = {{.kind = Kind::kOut, .from = 3, .host = host.data()}};
  ASSERT_TRUE(Run(out).ok());
  scheduler::StepPlan wipe;  // what the page held is gone
  wipe.transfers = {{.kind = Kind::kCopy, .from = 8, .to = 3}};
  ASSERT_TRUE(Run(wipe).ok());
  scheduler::StepPlan step;
  std::vector<float> logits(97);
  step.transfers = {{.kind = Kind::kIn, .to = 6, .host = host.data()}};
  for (int32_t p = 20; p < 30; ++p) {
    step.tokens.push_back(tokens[p]);
    step.positions.push_back(p);
  }
  step.logits_rows = {9};
  step.blocks = {2, 6};
  step.groups = {
      {.row_count = 10, .position = 20, .block_count = 2, .logits_count = 1}};
  step.logits_out = logits.data();
  ASSERT_TRUE(Run(step).ok());
  EXPECT_TRUE(
      std::equal(logits.begin(), logits.end(), whole[0].begin() + 29 * 97));
}

TEST_F(CpuStepTest, AWrongTransferIsRefused) {
  using Kind = scheduler::PageTransfer::Kind;
  const std::vector<scheduler::PageTransfer> wrong = {
      {.kind = Kind::kCopy, .from = 0, .to = kPages},
      {.kind = Kind::kCopy, .from = -1, .to = 0},
      {.kind = Kind::kOut, .from = 0, .host = nullptr},
      {.kind = Kind::kIn, .to = 0, .host = nullptr}};
  for (const scheduler::PageTransfer& transfer : wrong) {
    scheduler::StepPlan step;
    step.transfers = {transfer};
    EXPECT_EQ(Run(step).code(), absl::StatusCode::kInternal);
  }
}

}  // namespace
}  // namespace inlay::backend
