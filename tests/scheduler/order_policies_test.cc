// FCFS, priority and deadline: orders without memory.
#include <limits>

#include "gmock/gmock.h"
#include "tests/scheduler/views.h"

namespace inlay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

RequestView At(int64_t arrival, int32_t priority,
               int64_t deadline = std::numeric_limits<int64_t>::max()) {
  RequestView view = Waiting(5);
  view.arrival_ns = arrival;
  view.priority = priority;
  view.deadline_ns = deadline;
  return view;
}

std::vector<int32_t> RankAt(PolicyKind kind, int64_t now,
                            const std::vector<RequestView>& views,
                            const Limits& limits = SmallLimits(),
                            int32_t most = 100) {
  Snapshot snapshot = SnapshotOf(views, 100);
  snapshot.now_ns = now;
  return Rank(*MakePolicy(kind), snapshot, limits, most);
}

TEST(OrderPolicies, OnlyTheWaitingAreRanked) {
  for (const auto kind : {PolicyKind::kFcfs, PolicyKind::kPriority,
                          PolicyKind::kDeadline, PolicyKind::kFair}) {
    EXPECT_THAT(RankAt(kind, 9,
                       {Running(5, 4, 2), At(1, 0), Paused(At(2, 0)),
                        Paused(Running(5, 4, 2)), At(3, 0)}),
                ElementsAre(1, 4));
    EXPECT_THAT(RankAt(kind, 9, {}), IsEmpty());
    EXPECT_THAT(
        RankAt(kind, 9, {At(1, 0), At(2, 0), At(3, 0)}, SmallLimits(), 2),
        ElementsAre(0, 1));
  }
}

TEST(Fcfs, OrderOfArrivalWhateverTheClass) {
  EXPECT_THAT(RankAt(PolicyKind::kFcfs, 9, {At(1, 0, 500), At(2, 7, 3)}),
              ElementsAre(0, 1));
}

TEST(Priority, ClassThenArrival) {
  EXPECT_THAT(RankAt(PolicyKind::kPriority, 9,
                     {At(1, 0), At(2, 3), At(3, -2), At(4, 3)}),
              ElementsAre(1, 3, 0, 2));
}

TEST(Priority, OneOvertakesManyQueued) {
  std::vector<RequestView> views(200, At(1, 0));
  views.push_back(At(2, 1));
  EXPECT_THAT(RankAt(PolicyKind::kPriority, 9, views, SmallLimits(), 3),
              ElementsAre(200, 0, 1));
}

TEST(Priority, AgeingRaisesAClassPerInterval) {
  Limits limits = SmallLimits();
  limits.ageing_ns = 100;
  const std::vector<RequestView> views = {At(0, 0), At(250, 2)};
  EXPECT_THAT(RankAt(PolicyKind::kPriority, 299, views, limits),
              ElementsAre(0, 1));  // both 2
  EXPECT_THAT(
      RankAt(PolicyKind::kPriority, 260, {At(100, 0), At(250, 2)}, limits),
      ElementsAre(1, 0));  // 1 and 2
  limits.ageing_ns = 0;
  EXPECT_THAT(RankAt(PolicyKind::kPriority, 100'000, views, limits),
              ElementsAre(1, 0));
}

TEST(Deadline, EarliestFirstThenArrivalNoneLast) {
  EXPECT_THAT(RankAt(PolicyKind::kDeadline, 9,
                     {At(1, 0), At(2, 0, 90), At(3, 0, 80), At(4, 9, 90)}),
              ElementsAre(2, 1, 3, 0));
}

TEST(OrderPolicies, TheOverdueGoBeforeAllThatArrivedLater) {
  Limits limits = SmallLimits();
  limits.starvation_ns = 1000;
  const std::vector<RequestView> views = {At(0, 0), At(10, -5), At(500, 9, 600),
                                          At(900, 8, 950)};
  for (const auto kind :
       {PolicyKind::kPriority, PolicyKind::kDeadline, PolicyKind::kFair}) {
    EXPECT_THAT(RankAt(kind, 1000, views, limits), ElementsAre(2, 3, 0, 1));
    EXPECT_THAT(RankAt(kind, 1005, views, limits), ElementsAre(0, 2, 3, 1));
    EXPECT_THAT(RankAt(kind, 1011, views, limits), ElementsAre(0, 1, 2, 3));
  }
}

TEST(OrderPolicies, AnyPartOfTheOrderIsTheBeginningOfTheWhole) {
  std::vector<RequestView> views;
  uint32_t random = 1;
  for (int i = 0; i < 500; ++i) {
    random = random * 1664525 + 1013904223;
    views.push_back(At(i, static_cast<int32_t>(random >> 28),
                       static_cast<int64_t>(random >> 20 & 0xff)));
  }
  for (const auto kind :
       {PolicyKind::kPriority, PolicyKind::kDeadline, PolicyKind::kFair}) {
    const auto whole = RankAt(kind, 600, views, SmallLimits(), 500);
    ASSERT_EQ(whole.size(), 500u);
    for (const int32_t most : {0, 1, 17, 499}) {
      const auto part = RankAt(kind, 600, views, SmallLimits(), most);
      ASSERT_EQ(part.size(), static_cast<size_t>(most));
      EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin()));
    }
  }
}

}  // namespace
}  // namespace inlay::scheduler
