#include "cpp/cli/serve_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cli/fake_library.h"

namespace inlay::cli {
namespace {

ServeLoad Load(int64_t requests) {
  ServeLoad load;
  load.vocabulary = 50;
  load.spec.requests = requests;
  load.spec.prompt =
      LengthDistribution::Parse("p", "uniform:1:9", LengthSide::kPrompt);
  load.spec.output =
      LengthDistribution::Parse("o", "fixed:4", LengthSide::kOutput);
  load.plan = PlanWorkload(&load.spec);
  return load;
}

inlay_status Answer(FakeLibrary& fake, uint64_t id) {
  fake.Queue(id, fake.submitted[id - 1].request.max_tokens,
             INLAY_EVENT_FINISHED, INLAY_FINISH_LENGTH);
  return INLAY_OK;
}

// A loop that waits for answers before it goes on would wait forever.
TEST(ServeRunnerTest, SubmitsWhileNothingComesBack) {
  ServeLoad load = Load(20);
  for (size_t i = 0; i < 20; ++i) {
    load.plan[i].arrival_ns = static_cast<int64_t>(i) * 1'000'000;
  }
  FakeLibrary fake;
  fake.on_submit = Answer;
  fake.hold_until = 20;
  const auto records = ServeRunner(fake.engine(), load).Run(false);
  ASSERT_EQ(records.size(), 20u);
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(records[i].outcome, Outcome::kFinished);
    EXPECT_EQ(records[i].generated, 4);
    EXPECT_EQ(records[i].arrived.size(), 4u);
    EXPECT_GE(records[i].submitted_ns, load.plan[i].arrival_ns);
    EXPECT_GE(records[i].seen_ns, records[19].submitted_ns);
    EXPECT_GE(records[i].end_ns, records[i].last_ns());
  }
}

TEST(ServeRunnerTest, SendsWhatWasPlanned) {
  ServeLoad load = Load(6);
  load.spec.tenants = {{"a", 3}, {"b", 1}};
  load.cache_domains = 2;
  load.sampling.temperature = 0.5f;
  load.sampling.seed = 100;
  load.plan[3].tenant = 1;
  load.plan[3].priority = -7;
  FakeLibrary fake;
  fake.on_submit = Answer;
  ServeRunner(fake.engine(), load).Run(false);
  ASSERT_EQ(fake.submitted.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    const Submitted& sent = fake.submitted[i];
    EXPECT_EQ(sent.tokens, PromptTokens(load.spec, i, load.plan[i], 50));
    EXPECT_EQ(sent.request.max_tokens, 4);
    EXPECT_EQ(sent.request.seed, 100 + i);
    EXPECT_EQ(sent.request.temperature, 0.5f);
    EXPECT_EQ(sent.cache_domain, std::to_string(i % 2));
    EXPECT_EQ(sent.tenant, i == 3 ? "b" : "");
    EXPECT_EQ(sent.request.priority, i == 3 ? -7 : 0);
    EXPECT_TRUE(sent.request.flags & INLAY_REQUEST_IGNORE_END);
  }
}

TEST(ServeRunnerTest, CountsRefusalsAndFailures) {
  const ServeLoad load = Load(9);
  FakeLibrary fake;
  fake.on_submit = [](FakeLibrary& library, uint64_t id) -> inlay_status {
    if (id % 3 == 0) return INLAY_ERR_RESOURCE_EXHAUSTED;
    if (id % 3 == 1) return Answer(library, id);
    library.Queue(id, 2, INLAY_EVENT_FAILED, INLAY_FINISH_ERROR);
    return INLAY_OK;
  };
  const auto records = ServeRunner(fake.engine(), load).Run(false);
  for (size_t i = 0; i < 9; ++i) {
    const RequestRecord& record = records[i];
    const Outcome expected = i % 3 == 2   ? Outcome::kRefused
                             : i % 3 == 0 ? Outcome::kFinished
                                          : Outcome::kFailed;
    EXPECT_EQ(record.outcome, expected) << i;
    EXPECT_EQ(record.error, i % 3 == 0 ? "" : "the fake says no");
    EXPECT_EQ(record.submitted_ns < 0, i % 3 == 2);
    EXPECT_EQ(record.generated, i % 3 == 0 ? 4 : i % 3 == 1 ? 2 : 0);
  }
}

TEST(ServeRunnerTest, ARequestThatCannotBeSentEndsTheRun) {
  ServeLoad load = Load(5);
  load.plan[4].arrival_ns = int64_t{3600} * 1'000'000'000;
  FakeLibrary fake;
  fake.on_submit = [](FakeLibrary& library, uint64_t id) -> inlay_status {
    return id == 3 ? INLAY_ERR_OUT_OF_RANGE : Answer(library, id);
  };
  try {
    ServeRunner(fake.engine(), load).Run(false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), INLAY_ERR_OUT_OF_RANGE);
  }
  EXPECT_EQ(fake.submitted.size(), 3u);
}

TEST(ServeRunnerTest, CancelsOnceAtItsToken) {
  ServeLoad load = Load(4);
  load.plan[1].cancel_after = 0;
  load.plan[2].cancel_after = 3;
  FakeLibrary fake;
  std::vector<uint64_t> cancelled;
  // A cancelled one ends only when told to; the deltas stop there.
  fake.on_submit = [](FakeLibrary& library, uint64_t id) -> inlay_status {
    if (id == 1 || id == 4) return Answer(library, id);
    library.QueueOne(id, INLAY_EVENT_STARTED, 0, 0);
    if (id == 3) {
      library.QueueOne(id, INLAY_EVENT_DELTA, 0, 2);
      library.QueueOne(id, INLAY_EVENT_DELTA, 0, 1);
    }
    return INLAY_OK;
  };
  fake.on_cancel = [&](FakeLibrary& library, uint64_t id) {
    cancelled.push_back(id);
    library.QueueOne(id, INLAY_EVENT_FINISHED, INLAY_FINISH_CANCELLED, 0);
  };
  const auto records = ServeRunner(fake.engine(), load).Run(false);
  EXPECT_THAT(cancelled, testing::UnorderedElementsAre(2, 3));
  EXPECT_EQ(records[0].outcome, Outcome::kFinished);
  EXPECT_EQ(records[1].outcome, Outcome::kCancelled);
  EXPECT_EQ(records[2].outcome, Outcome::kCancelled);
  EXPECT_EQ(records[2].generated, 3);
}

}  // namespace
}  // namespace inlay::cli
