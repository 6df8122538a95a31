#include "tests/backend/fake_backend.h"

#include <gtest/gtest.h>

namespace inlay::backend {
namespace {

scheduler::StepPlan OneGroup(std::vector<int32_t> tokens, int32_t position,
                             std::vector<int32_t> blocks,
                             const sampling::SamplingParams* params) {
  scheduler::StepPlan plan;
  plan.tokens = std::move(tokens);
  for (int32_t i = 0; i < plan.rows(); ++i) {
    plan.positions.push_back(position + i);
  }
  plan.blocks = std::move(blocks);
  plan.groups.push_back(
      {.row_count = plan.rows(),
       .position = position,
       .block_count = static_cast<int32_t>(plan.blocks.size()),
       .logits_count = 1,
       .sample_count = 1});
  plan.logits_rows = {plan.rows() - 1};
  plan.samples.push_back({.params = params});
  return plan;
}

class FakeBackendTest : public testing::Test {
 protected:
  void SetUp() override {
    auto weights =
        backend_.LoadWeights(nullptr, FakePlan(100, 64), {},
                             MemoryPool::Create(nullptr, 0), nullptr, nullptr);
    ASSERT_TRUE(weights.ok());
    weights_ = *weights;
    executor_ = *weights_->CreateExecutor({.max_rows = 16,
                                           .max_logits_rows = 4,
                                           .page_tokens = 4,
                                           .page_count = 8});
  }
  Status Step(const scheduler::StepPlan& plan) {
    auto ticket = executor_->Launch(plan);
    if (!ticket.ok()) return ticket.status();
    return executor_->Collect(*ticket, &result_);
  }

  FakeBackend backend_;
  std::shared_ptr<Weights> weights_;
  std::unique_ptr<Executor> executor_;
  scheduler::StepResult result_;
  sampling::SamplingParams params_;
};

TEST_F(FakeBackendTest, ChunksGiveTheTokenOfTheWhole) {
  ASSERT_TRUE(Step(OneGroup({1, 2, 3, 4, 5, 6}, 0, {0, 1}, &params_)).ok());
  const int32_t whole = result_.samples[0].token;
  ASSERT_TRUE(Step(OneGroup({1, 2, 3}, 0, {5, 2}, &params_)).ok());
  ASSERT_TRUE(Step(OneGroup({4, 5, 6}, 3, {5, 2}, &params_)).ok());
  EXPECT_EQ(result_.samples[0].token, whole);
}

TEST_F(FakeBackendTest, AWrongBlockTableIsSeen) {
  ASSERT_TRUE(Step(OneGroup({1, 2, 3, 4, 5}, 0, {0, 1}, &params_)).ok());
  EXPECT_EQ(Step(OneGroup({6}, 5, {3, 1}, &params_)).code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(Step(OneGroup({6}, 5, {0, 8}, &params_)).code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace inlay::backend
