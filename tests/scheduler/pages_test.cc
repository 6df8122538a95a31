// Who is admitted, and who gives up pages.
#include <algorithm>
#include <map>

#include "gmock/gmock.h"
#include "tests/scheduler/views.h"

namespace inlay::scheduler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class FixedReuse final : public ReuseLookup {
 public:
  std::map<int32_t, Reuse> found;
  std::vector<int32_t> asked;
  std::vector<int32_t> joined;
  Reuse Look(int32_t index) override {
    asked.push_back(index);
    return found[index];
  }
  void Joined(int32_t index) override { joined.push_back(index); }
};

TEST(Pages, NobodyOvertakesTheHeadThatDoesNotFit) {
  // The head needs 6 pages; the one behind it would fit.
  const std::vector<RequestView> views = {Running(5, 4, 2), Waiting(20),
                                          Waiting(1)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 5))), ElementsAre(Pair(0, 1)));
}

TEST(Pages, AdmissionLeavesRoomForTheNeighbours) {
  // It needs 3 (9 known and the next), the neighbour 1 now and 1 to grow by.
  const std::vector<RequestView> views = {Running(5, 4, 1), Waiting(9)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 4))), ElementsAre(Pair(0, 1)));
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 5))),
              ElementsAre(Pair(0, 1), Pair(1, 9)));
}

TEST(Pages, OneAloneNeedsNoReserve) {
  EXPECT_THAT(Rows(Decide(SnapshotOf({Waiting(8)}, 2))),
              ElementsAre(Pair(0, 8)));
  EXPECT_THAT(Decide(SnapshotOf({Waiting(9)}, 2)).work, IsEmpty());
}

TEST(Pages, TheLastAdmittedGivesItsPages) {
  std::vector<RequestView> views = {Running(9, 8, 2), Running(5, 4, 1),
                                    Running(7, 6, 2), Waiting(1)};
  const Decision decision = Decide(SnapshotOf(views, 0));
  EXPECT_THAT(Preempted(decision), ElementsAre(2));
  // And nobody is admitted in its place.
  EXPECT_THAT(Rows(decision), ElementsAre(Pair(0, 1), Pair(1, 1)));
  views[0].admission = 9;
  EXPECT_THAT(Preempted(Decide(SnapshotOf(views, 0))), ElementsAre(0));
  views[1].priority = -1;
  EXPECT_THAT(Preempted(Decide(SnapshotOf(views, 0))), ElementsAre(1));
}

TEST(Pages, AStepThatTakesFromRunningOnesAdmitsNobody) {
  // The last gives 6 pages for the one that the first needs.
  const std::vector<RequestView> views = {Running(9, 8, 2), Running(25, 24, 6),
                                          Waiting(1)};
  const Decision decision = Decide(SnapshotOf(views, 0));
  EXPECT_THAT(Preempted(decision), ElementsAre(1));
  EXPECT_THAT(Rows(decision), ElementsAre(Pair(0, 1)));
}

TEST(Pages, WhoJoinedInTheSameStepKeepsItsRoom) {
  // The first is held back by its logits: of its 10 pages it takes one now.
  std::vector<RequestView> views = {Waiting(40), Waiting(4)};
  views[0].logits_per_row = true;
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 12))), ElementsAre(Pair(0, 4)));
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 13))),
              ElementsAre(Pair(0, 4), Pair(1, 3)));
}

TEST(Pages, ThePausedGiveTheirsFirst) {
  std::vector<RequestView> views = {Paused(Running(9, 8, 2)), Running(5, 4, 1),
                                    Running(7, 6, 2)};
  const Decision decision = Decide(SnapshotOf(views, 0));
  EXPECT_THAT(Preempted(decision), ElementsAre(0));
  EXPECT_THAT(Rows(decision), ElementsAre(Pair(1, 1), Pair(2, 1)));
}

TEST(Pages, ThePausedMakeRoomForTheQueueIfThatHelps) {
  std::vector<RequestView> views = {Paused(Running(17, 16, 5)), Waiting(12)};
  const Decision decision = Decide(SnapshotOf(views, 1));
  EXPECT_THAT(Preempted(decision), ElementsAre(0));
  EXPECT_THAT(Rows(decision), ElementsAre(Pair(1, 10)));
  views.insert(views.begin() + 1, Running(5, 4, 2));
  views[2] = Waiting(60);
  EXPECT_THAT(Decide(SnapshotOf(views, 1)).preempt, IsEmpty());
}

TEST(Pages, TakesFromNobodyWhereItIsNotEnough) {
  // The second cannot get its page from those behind it: they have none.
  const std::vector<RequestView> views = {Running(4, 3, 1), Running(9, 8, 2),
                                          Running(4, 0, 0)};
  const Decision decision = Decide(SnapshotOf(views, 0));
  EXPECT_THAT(decision.preempt, IsEmpty());
  EXPECT_THAT(Rows(decision), ElementsAre(Pair(0, 1)));
}

TEST(Pages, APromptRunsAsFarAsThePagesGo) {
  const std::vector<RequestView> views = {Running(30, 6, 2)};
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 1))), ElementsAre(Pair(0, 6)));
}

TEST(Pages, SharedPagesComeFreeWithTheirLastHolder) {
  // All pages are shared by the two behind the first: both go, and the first
  // has its page in the next step.
  std::vector<RequestView> views = {Running(9, 8, 2), Running(9, 5, 3),
                                    Running(9, 6, 3)};
  views[1].own_pages = views[2].own_pages = 0;
  const Decision decision = Decide(SnapshotOf(views, 0));
  EXPECT_THAT(Preempted(decision), ElementsAre(2, 1));
  EXPECT_THAT(decision.work, IsEmpty());
}

TEST(Pages, ACopyOfASharedPageIsCounted) {
  std::vector<RequestView> views = {Running(7, 6, 2), Running(7, 6, 2)};
  views[0].copy_pages = views[1].copy_pages = 1;
  views[0].own_pages = views[1].own_pages = 0;
  EXPECT_THAT(Rows(Decide(SnapshotOf(views, 1))), ElementsAre(Pair(0, 1)));
  EXPECT_EQ(Decide(SnapshotOf(views, 2)).work.size(), 2u);
}

TEST(Pages, AnUnpausedRequestThatWasSwappedNeedsAllItsPages) {
  std::vector<RequestView> views = {Running(5, 4, 2), Waiting(22)};
  views[1].cached_tokens = 21;
  views[1].swapped_pages = 6;
  FixedReuse reuse;
  Snapshot snapshot = SnapshotOf(views, 6);
  snapshot.reuse = &reuse;
  EXPECT_EQ(Decide(snapshot).work.size(), 1u);
  snapshot.free_pages = 7;
  const Decision decision = Decide(snapshot);
  EXPECT_THAT(Rows(decision), ElementsAre(Pair(0, 1), Pair(1, 1)));
  EXPECT_EQ(decision.work[1].pages, 6);
  EXPECT_THAT(reuse.asked, IsEmpty());
}

TEST(Pages, ReusedPagesAreNotComputedAndHeldOnesNotCounted) {
  const std::vector<RequestView> views = {Running(5, 4, 2), Waiting(20)};
  FixedReuse reuse;
  reuse.found[1] = {.tokens = 17, .pages = 4, .idle_pages = 0};
  Snapshot snapshot = SnapshotOf(views, 2);
  snapshot.reuse = &reuse;
  EXPECT_EQ(Decide(snapshot).work.size(), 1u);
  snapshot.free_pages = 3;  // two of its own and one for the neighbour
  const Decision decision = Decide(snapshot);
  EXPECT_THAT(Rows(decision), ElementsAre(Pair(0, 1), Pair(1, 3)));
  EXPECT_EQ(decision.work[1].pages, 5);
  reuse.found[1].idle_pages = 3;
  snapshot.free_pages = 5;
  EXPECT_EQ(Decide(snapshot).work.size(), 1u);
  snapshot.free_pages = 6;
  EXPECT_EQ(Decide(snapshot).work.size(), 2u);
}

TEST(Pages, OneWhosePrefixIsBeingComputedIsPassedOver) {
  const std::vector<RequestView> views = {Waiting(4), Waiting(4), Waiting(4)};
  FixedReuse reuse;
  reuse.found[0] = reuse.found[1] = {.waits = true};
  Snapshot snapshot = SnapshotOf(views, 99);
  snapshot.reuse = &reuse;
  EXPECT_THAT(Rows(Decide(snapshot)), ElementsAre(Pair(2, 4)));
  EXPECT_THAT(reuse.joined, ElementsAre(2));
}

TEST(Pages, FewAreLookedUpPerStep) {
  const std::vector<RequestView> views(1000, Waiting(4));
  FixedReuse reuse;
  for (int32_t i = 0; i < 1000; ++i) reuse.found[i] = {.waits = true};
  Snapshot snapshot = SnapshotOf(views, 99);
  snapshot.reuse = &reuse;
  EXPECT_THAT(Decide(snapshot).work, IsEmpty());
  EXPECT_LE(reuse.asked.size(), 50u);
}

// What a paused one gives up may be what a waiting one was going to reuse: it
// is then no longer held, and has to be counted.
TEST(Pages, ReuseOfWhatAPausedOneHoldsIsNotCountedTwice) {
  const std::vector<RequestView> views = {Paused(Running(9, 8, 2)),
                                          Waiting(13)};
  FixedReuse reuse;
  reuse.found[1] = {.tokens = 8, .pages = 2, .idle_pages = 0};
  Snapshot snapshot = SnapshotOf(views, 1);
  snapshot.reuse = &reuse;
  // 4 pages in all, of which 2 are there: 1 is free, 1 is missing. Taking the
  // paused one's pages brings 2, the very ones that are reused.
  const Decision decision = Decide(snapshot);
  EXPECT_THAT(decision.work, IsEmpty());
  snapshot.free_pages = 2;
  EXPECT_THAT(Rows(Decide(snapshot)), ElementsAre(Pair(1, 5)));
}

// The same with two that join.
TEST(Pages, ReuseAndPausedPagesAmongTwoThatJoin) {
  Limits limits = SmallLimits();
  limits.max_step_tokens = 32;
  FixedReuse reuse;
  const auto rows = [&](int32_t first, int32_t second, int32_t free) {
    const std::vector<RequestView> views = {Paused(Running(17, 16, 4)),
                                            Waiting(first), Waiting(second)};
    Snapshot snapshot = SnapshotOf(views, free);
    snapshot.reuse = &reuse;
    return Rows(Decide(snapshot, limits));
  };
  // The first takes the paused one's pages, of which the second reuses two.
  reuse.found[2] = {.tokens = 8, .pages = 2, .idle_pages = 0};
  EXPECT_THAT(rows(16, 12, 3), ElementsAre(Pair(1, 16)));
  EXPECT_THAT(rows(16, 12, 5), ElementsAre(Pair(1, 16), Pair(2, 4)));
  // The first reuses two of the paused one's, which the second would take.
  reuse.found = {{1, {.tokens = 8, .pages = 2, .idle_pages = 0}}};
  EXPECT_THAT(rows(9, 4, 1), ElementsAre(Pair(1, 1)));
  // The first both reuses and takes them.
  EXPECT_THAT(rows(13, 4, 1), ElementsAre(Pair(1, 5)));
}

TEST(Pages, SwapWhereItIsCheaperAndFits) {
  CostModel cost;
  std::vector<RequestView> views = {Running(9, 8, 2), Running(101, 100, 25)};
  Snapshot snapshot = SnapshotOf(views, 0);
  const auto swaps = [&] {
    const Decision decision = Decide(snapshot);
    EXPECT_THAT(Preempted(decision), ElementsAre(1));
    return decision.preempt.at(0).swap;
  };
  EXPECT_FALSE(swaps());  // no place
  snapshot.free_swap_pages = 24;
  EXPECT_FALSE(swaps());
  snapshot.free_swap_pages = 25;
  EXPECT_TRUE(swaps());  // nothing is known: try it
  snapshot.cost = &cost;
  EXPECT_TRUE(swaps());
  for (int i = 0; i < 20; ++i) cost.Observe({100, 5050, 100}, 1000);
  EXPECT_TRUE(swaps());
  cost.ObserveTransfer(1, 19.9);  // 25 pages out and in: 995
  EXPECT_TRUE(swaps());
  for (int i = 0; i < 500; ++i) cost.ObserveTransfer(1, 20.1);
  EXPECT_FALSE(swaps());
}

TEST(Pages, SwapSpaceIsNotGivenOutTwice) {
  const std::vector<RequestView> views = {Running(50, 8, 2), Running(13, 12, 3),
                                          Running(13, 12, 3)};
  Snapshot snapshot = SnapshotOf(views, 0);
  snapshot.free_swap_pages = 5;
  Limits limits = SmallLimits();
  limits.max_step_tokens = 22;
  const Decision decision = Decide(snapshot, limits);
  ASSERT_THAT(Preempted(decision), ElementsAre(2, 1));
  EXPECT_TRUE(decision.preempt[0].swap);
  EXPECT_FALSE(decision.preempt[1].swap);
}

}  // namespace
}  // namespace inlay::scheduler
