#include "cpp/scheduler/fair.h"

#include <array>

#include "gmock/gmock.h"
#include "tests/scheduler/views.h"

namespace inlay::scheduler {
namespace {

using testing::ElementsAre;

constexpr TenantView kTenants[] = {{7, 3.0}, {5, 1.0}, {9, 1.0}};

RequestView Of(int32_t tenant, int32_t known = 10) {
  RequestView view = Waiting(known);
  view.tenant = tenant;
  return view;
}

Snapshot Queue(const std::vector<RequestView>& views) {
  Snapshot snapshot = SnapshotOf(views, 100);
  snapshot.tenants = kTenants;
  return snapshot;
}

TEST(Fair, OneStepsAdmissionsFollowTheWeights) {
  FairPolicy policy;
  std::vector<RequestView> views(8, Of(1));
  views.insert(views.end(), 8, Of(0));
  // After one of each, three of tenant 0 for one of tenant 1.
  EXPECT_THAT(Rank(policy, Queue(views), SmallLimits(), 8),
              ElementsAre(0, 8, 9, 10, 1, 11, 12, 13));
}

TEST(Fair, ClassesGoBeforeSharesAndDeadlinesDecideWithinATenant) {
  FairPolicy policy;
  std::vector<RequestView> views = {Of(0), Of(1), Of(1), Of(0)};
  views[2].deadline_ns = 5;
  views[3].priority = 1;
  const Snapshot snapshot = Queue(views);
  policy.Charge(snapshot, 0, 1000);
  EXPECT_THAT(Rank(policy, snapshot, SmallLimits()), ElementsAre(3, 2, 1, 0));
}

TEST(Fair, WaitingLongerBuysNoShare) {
  FairPolicy policy;
  Limits limits = SmallLimits();
  limits.ageing_ns = 10;
  // Tenant 1 overdrew, so what it sent waits longer than what tenant 0 did.
  std::vector<RequestView> views = {Of(1), Of(0)};
  views[0].arrival_ns = 0;
  views[1].arrival_ns = 95;
  Snapshot snapshot = Queue(views);
  snapshot.now_ns = 100;
  policy.Charge(snapshot, 1, 50);
  policy.Charge(snapshot, 0, 50);
  EXPECT_THAT(Rank(policy, snapshot, limits), ElementsAre(1, 0));
}

TEST(Fair, ALowClassThatAgedHasItsEldestAdmittedAndNoOther) {
  FairPolicy policy;
  Limits limits = SmallLimits();
  limits.ageing_ns = 10;
  std::vector<RequestView> views = {Of(0), Of(1), Of(0), Of(2)};
  views[0].arrival_ns = 0;   // class 0, aged to 10
  views[1].arrival_ns = 75;  // class 0, aged to 2
  views[2].arrival_ns = 90;  // class 5, aged to 6
  views[3].arrival_ns = 95;  // class 5, aged to 5
  views[2].priority = views[3].priority = 5;
  Snapshot snapshot = Queue(views);
  snapshot.now_ns = 100;
  EXPECT_THAT(Rank(policy, snapshot, limits), ElementsAre(0, 3, 2, 1));
}

TEST(Fair, WhoGotLessGoesFirst) {
  FairPolicy policy;
  const std::vector<RequestView> views = {Of(0), Of(1)};
  const Snapshot snapshot = Queue(views);
  EXPECT_THAT(Rank(policy, snapshot, SmallLimits()), ElementsAre(0, 1));
  policy.Charge(snapshot, 0, 31);
  policy.Charge(snapshot, 1, 10);
  EXPECT_THAT(Rank(policy, snapshot, SmallLimits()), ElementsAre(1, 0));
  policy.Charge(snapshot, 1, 1);
  EXPECT_THAT(Rank(policy, snapshot, SmallLimits()), ElementsAre(0, 1));
}

TEST(Fair, IdleTenantsHoardNothing) {
  FairPolicy policy;
  const std::vector<RequestView> busy(4, Of(1));
  for (int i = 0; i < 10; ++i) {
    Rank(policy, Queue(busy), SmallLimits());
    policy.Charge(Queue(busy), 1, 1000);
  }
  Rank(policy, Queue(busy), SmallLimits());
  // Tenant 2 comes with a queue: it alternates with tenant 1 at once.
  const std::vector<RequestView> both = {Of(1), Of(1), Of(1),
                                         Of(2), Of(2), Of(2)};
  EXPECT_THAT(Rank(policy, Queue(both), SmallLimits()),
              ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST(Fair, NorDoThoseThatWereThereBefore) {
  FairPolicy policy;
  const std::vector<RequestView> both = {Of(1), Of(2), Of(1), Of(2)};
  const std::vector<RequestView> busy(4, Of(1));
  Rank(policy, Queue(both), SmallLimits());
  policy.Charge(Queue(both), 2, 1);
  for (int i = 0; i < 10; ++i) {
    policy.Charge(Queue(busy), 1, 1000);
    Rank(policy, Queue(busy), SmallLimits());
  }
  EXPECT_THAT(Rank(policy, Queue(both), SmallLimits()),
              ElementsAre(0, 1, 2, 3));
}

TEST(Fair, WhoOverdrewStillOwesAfterAPause) {
  FairPolicy policy;
  const std::vector<RequestView> both = {Of(1), Of(2)};
  const std::vector<RequestView> second = {Of(2), Of(2), Of(2)};
  Rank(policy, Queue(both), SmallLimits());
  policy.Charge(Queue(both), 1, 25);  // tenant 1: ahead by 25
  Rank(policy, Queue(second), SmallLimits());
  const std::vector<RequestView> again = {Of(1), Of(2), Of(2), Of(2)};
  EXPECT_THAT(Rank(policy, Queue(again), SmallLimits()),
              ElementsAre(1, 2, 3, 0));
}

TEST(Fair, AllStartAnewWhenNobodyWaits) {
  FairPolicy policy;
  const std::vector<RequestView> both = {Of(1), Of(2)};
  policy.Charge(Queue(both), 1, 1000);
  EXPECT_THAT(Rank(policy, Queue(both), SmallLimits()), ElementsAre(1, 0));
  Rank(policy, Queue({}), SmallLimits());
  EXPECT_THAT(Rank(policy, Queue(both), SmallLimits()), ElementsAre(0, 1));
}

// Whoever is admitted computes a while; shares of a long run.
TEST(Fair, SharesConverge) {
  FairPolicy policy;
  const std::vector<RequestView> views = {Of(0), Of(1), Of(2)};
  std::array<double, 3> work{};
  uint32_t random = 3;
  for (int i = 0; i < 10'000; ++i) {
    const auto order = Rank(policy, Queue(views), SmallLimits(), 1);
    random = random * 1664525 + 1013904223;
    const int32_t rows = 1 + static_cast<int32_t>(random >> 24);
    policy.Charge(Queue(views), views[order[0]].tenant, rows);
    work[views[order[0]].tenant] += rows;
  }
  EXPECT_NEAR(work[0] / work[1], 3, 0.01);
  EXPECT_NEAR(work[2] / work[1], 1, 0.01);
}

// Tenants by the thousands come, overdraw and go, each at the same index.
TEST(Fair, DebtsAreRememberedWhileOthersComeAndGo) {
  FairPolicy policy;
  const std::vector<RequestView> views = {Of(1), Of(0)};
  const auto round = [&](uint64_t id) {
    const std::vector<TenantView> tenants = {{100'000, 1}, {id, 1}};
    Snapshot snapshot = Queue(views);
    snapshot.tenants = tenants;
    const auto order = Rank(policy, snapshot, SmallLimits());
    policy.Charge(snapshot, 1, 5);
    return order;
  };
  for (uint64_t id = 1; id <= 500; ++id) {
    ASSERT_THAT(round(id), ElementsAre(0, 1));
  }
  ASSERT_THAT(round(1), ElementsAre(1, 0));
  ASSERT_THAT(round(500), ElementsAre(1, 0));
  for (uint64_t id = 501; id <= 5000; ++id) {
    ASSERT_THAT(round(id), ElementsAre(0, 1));
  }
}

}  // namespace
}  // namespace inlay::scheduler
