// How a step's rows and logits are shared out.
#include "gmock/gmock.h"
#include "tests/scheduler/views.h"

namespace inlay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr PolicyKind kFcfs = PolicyKind::kFcfs;

TEST(Rows, NothingToDo) {
  EXPECT_THAT(Decide(SnapshotOf({}, 10)).work, IsEmpty());
}

TEST(Rows, DecodesKeepTheirRowBesideALongPrompt) {
  const std::vector<RequestView> views = {Running(100, 0, 0), Running(5, 4, 2),
                                          Running(9, 8, 3)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))),
              ElementsAre(Pair(0, 8), Pair(1, 1), Pair(2, 1)));
}

TEST(Rows, PromptsShareTheBudgetInOrder) {
  const std::vector<RequestView> views = {Waiting(7), Waiting(7), Waiting(7)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))),
              ElementsAre(Pair(0, 7), Pair(1, 3)));
}

TEST(Rows, PromptsOfTheHighestClassFirstThenByAdmission) {
  std::vector<RequestView> views = {Running(9, 0, 0), Running(9, 0, 0),
                                    Running(9, 0, 0)};
  views[0].admission = 3;
  views[1].admission = 1;
  views[2].admission = 2;
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))),
              ElementsAre(Pair(1, 9), Pair(2, 1)));
  views[0].priority = 1;
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))),
              ElementsAre(Pair(0, 9), Pair(1, 1)));
}

TEST(Rows, ClassesOfTheAdmittedAgeByTheClock) {
  std::vector<RequestView> views = {Running(9, 0, 0), Running(9, 0, 0)};
  views[0].arrival_ns = 250;
  views[1].arrival_ns = 420;
  views[1].priority = 1;
  Limits limits = SmallLimits();
  EXPECT_EQ(Decide(SnapshotOf(views, 99), limits).work[0].index, 1);
  limits.ageing_ns = 100;
  EXPECT_EQ(Decide(SnapshotOf(views, 99), limits).work[0].index, 0);
  limits.ageing_ns = 0;
  limits.starvation_ns = 1000;
  Snapshot snapshot = SnapshotOf(views, 99);
  snapshot.now_ns = 1251;
  EXPECT_EQ(Decide(snapshot, limits).work[0].index, 0);
}

TEST(Rows, ConcurrencyBoundsAStep) {
  std::vector<RequestView> views(3, Running(5, 4, 2));
  views.resize(5, Waiting(1));
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))),
              ElementsAre(Pair(0, 1), Pair(1, 1), Pair(2, 1), Pair(3, 1)));
  // Consumers that read again can make the admitted too many.
  views.assign(6, Running(5, 4, 2));
  EXPECT_EQ(Decide(SnapshotOf(views, 99)).work.size(), 4u);
}

RequestView WithInput(RequestView view, int32_t rows) {
  view.whole_rows = rows;
  view.whole_tokens = (rows + 3) / 4 * 4;
  return view;
}

TEST(Rows, AnEncodersInputIsNeverCut) {
  // Rows of its own: neither decodes nor prompts are in its way.
  std::vector<RequestView> views = {Running(5, 4, 2), Running(30, 0, 0),
                                    WithInput(Waiting(14), 10)};
  views[1].admission = 1;
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))),
              ElementsAre(Pair(0, 1), Pair(1, 9)));
  views = {Running(5, 4, 2), WithInput(Running(14, 0, 0), 10)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))),
              ElementsAre(Pair(0, 1), Pair(1, 12)));
  // Two that do not fit one step go one after the other.
  views = {WithInput(Waiting(9), 6), WithInput(Waiting(9), 5),
           WithInput(Waiting(5), 4)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))), ElementsAre(Pair(0, 8)));
  // Then the decoder's own tokens come as any prompt's.
  views = {WithInput(Running(14, 12, 3), 10), Waiting(5)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99))),
              ElementsAre(Pair(0, 2), Pair(1, 5)));
  // Too few pages: nothing of it, not a part.
  views = {Running(5, 4, 2), WithInput(Running(14, 0, 0), 10)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 2))), ElementsAre(Pair(0, 1)));
}

TEST(Rows, LogitsOfEveryRowOfAPromptAreBounded) {
  std::vector<RequestView> views = {Running(5, 4, 2), Running(30, 0, 0)};
  views[1].logits_per_row = true;
  Limits limits = SmallLimits();
  limits.max_logits_rows = 6;
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99), limits)),
              ElementsAre(Pair(0, 1), Pair(1, 5)));
  // The last row of another prompt finds none left.
  views.push_back(Waiting(3));
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99), limits)),
              ElementsAre(Pair(0, 1), Pair(1, 5), Pair(2, 2)));
}

TEST(Rows, AStaticBatchStartsTogetherAndEndsTogether) {
  Limits limits = SmallLimits();
  limits.batching = Batching::kStatic;
  std::vector<RequestView> views(6, Waiting(9));
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99), limits)),
              ElementsAre(Pair(0, 7), Pair(1, 1), Pair(2, 1), Pair(3, 1)));
  views[1] = Running(10, 9, 3);
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 99), limits)),
              ElementsAre(Pair(1, 1)));
  views[1] = Paused(views[1]);
  EXPECT_THAT(Decide(SnapshotOf(views, 99), limits).work, IsEmpty());
}

double TrueNs(const StepSize& size) {
  return 100 + static_cast<double>(size.rows) +
         0.01 * static_cast<double>(size.scores) +
         0.02 * static_cast<double>(size.keys);
}

CostModel Learned() {
  CostModel model;
  for (int i = 0; i < 400; ++i) {
    StepSize size;
    for (int r = 0; r < 1 + i * 7 % 5; ++r) size.Add(i * 91 % 3000, 1);
    size.Add(i * 53 % 3000, 1 + i * 37 % 200);
    model.Observe(size, TrueNs(size));
  }
  return model;
}

Limits StallLimits(double factor) {
  return {.max_concurrency = 16,
          .max_step_tokens = 512,
          .max_logits_rows = 16,
          .page_tokens = 16,
          .stall_factor = factor};
}

TEST(Rows, PromptsStallDecodesByNoMoreThanTheFactor) {
  const CostModel cost = Learned();
  for (const int32_t position : {0, 4000}) {
    std::vector<RequestView> views(4, Running(101, 100, 8));
    views.push_back(Running(6000, position, position / 16));
    views.push_back(Waiting(50));
    Snapshot snapshot = SnapshotOf(views, 9999);
    snapshot.cost = &cost;
    const Decision decision = Decide(snapshot, StallLimits(2), kFcfs);
    StepSize decodes;
    for (int i = 0; i < 4; ++i) decodes.Add(100, 1);
    StepSize all = decodes;
    for (size_t i = 4; i < decision.work.size(); ++i) {
      const Work& work = decision.work[i];
      all.Add(views[work.index].cached_tokens, work.rows);
    }
    // First come: only what the first cannot use goes to the other.
    int32_t first = 0;
    for (int32_t more = 1; more < 508; ++more) {
      StepSize size = decodes;
      size.Add(position, more);
      if (TrueNs(size) <= 2 * TrueNs(decodes)) first = more;
    }
    ASSERT_GE(decision.work.size(), 5u);
    EXPECT_NEAR(decision.work[4].rows, std::max(first, 1), 1);
    if (first > 0) {
      EXPECT_NEAR(TrueNs(all), 2 * TrueNs(decodes), 0.03 * TrueNs(decodes));
    }
    const auto rows = static_cast<int32_t>(all.rows - decodes.rows);
    EXPECT_EQ(decision.held_rows, 508 - rows);
  }
}

TEST(Rows, WithoutDecodesPromptsHaveTheWholeBudget) {
  const CostModel cost = Learned();
  std::vector<RequestView> views = {Running(6000, 0, 0)};
  Snapshot snapshot = SnapshotOf(views, 9999);
  snapshot.cost = &cost;
  EXPECT_THAT(Rows(Decide(snapshot, StallLimits(1.5), kFcfs)),
              ElementsAre(Pair(0, 512)));
  // Nor is anything held while the cost is not known.
  views.push_back(Running(101, 100, 8));
  snapshot = SnapshotOf(views, 9999);
  const CostModel unknown;
  snapshot.cost = &unknown;
  EXPECT_EQ(Decide(snapshot, StallLimits(1.5), kFcfs).work[0].rows, 511);
  snapshot.cost = &cost;
  EXPECT_EQ(Decide(snapshot, StallLimits(0), kFcfs).work[0].rows, 511);
}

TEST(Rows, TheFirstPromptAlwaysGetsOn) {
  const CostModel cost = Learned();
  std::vector<RequestView> views(3, Running(101, 100, 8));
  views.push_back(Running(600, 0, 0));
  views.push_back(Running(600, 0, 0));
  Snapshot snapshot = SnapshotOf(views, 9999);
  snapshot.cost = &cost;
  const auto rows = Rows(Decide(snapshot, StallLimits(1), kFcfs));
  EXPECT_THAT(rows,
              ElementsAre(Pair(0, 1), Pair(1, 1), Pair(2, 1), Pair(3, 1)));
}

TEST(Rows, ADecodeThatComesBackWaitsForNoPrompt) {
  const CostModel cost = Learned();
  std::vector<RequestView> views = {Running(101, 100, 8), Running(600, 0, 0),
                                    Waiting(50)};
  views[2].cached_tokens = 49;
  views[2].swapped_pages = 4;
  Snapshot snapshot = SnapshotOf(views, 9999);
  snapshot.cost = &cost;
  const Decision decision = Decide(snapshot, StallLimits(1), kFcfs);
  ASSERT_EQ(decision.work.size(), 3u);
  EXPECT_EQ(decision.work[2].rows, 1);
  EXPECT_EQ(decision.work[2].pages, 4);
}

}  // namespace
}  // namespace inlay::scheduler
