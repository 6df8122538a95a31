#include "cpp/backend/cpu/attention_split.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {
namespace {

struct Division {
  std::vector<AttentionUnit> units;
  int64_t total = 0;

  void Add(int64_t cost, int32_t segments, int32_t pairs) {
    units.push_back({total, cost, segments, pairs});
    total += cost;
  }
  // Checks that every segment of every unit has one owner and that states have
  // room of their own. Returns the largest share over the mean.
  double Check(int threads) const {
    std::vector<double> load(static_cast<size_t>(threads), 0);
    std::vector<int> slot_owner(static_cast<size_t>(threads), -1);
    for (size_t u = 0; u < units.size(); ++u) {
      const AttentionUnit& unit = units[u];
      int32_t next = 0;
      const AttentionShare first = ShareOfUnit(unit, total, 0, threads);
      for (int t = 0; t < threads; ++t) {
        const AttentionShare share = ShareOfUnit(unit, total, t, threads);
        EXPECT_EQ(share.split, first.split);
        EXPECT_EQ(share.merger, first.merger);
        EXPECT_EQ(share.slot, first.slot);
        if (share.begin == share.end) continue;
        EXPECT_EQ(share.begin, next);
        next = share.end;
        load[static_cast<size_t>(t)] += static_cast<double>(unit.cost) *
                                        (share.end - share.begin) /
                                        unit.segments;
      }
      EXPECT_EQ(next, unit.segments);
      if (!first.split) continue;
      EXPECT_LT(first.merger, threads);
      EXPECT_LE(unit.pairs, kernels::cpu::kAttentionTile);
      const int64_t states = int64_t{unit.pairs} * unit.segments;
      const int64_t slots = (states + kStatesPerCut - 1) / kStatesPerCut;
      EXPECT_LE(first.slot + slots, threads - 1);
      for (int64_t s = first.slot; s < first.slot + slots; ++s) {
        EXPECT_EQ(slot_owner[static_cast<size_t>(s)], -1) << "shared";
        slot_owner[static_cast<size_t>(s)] = static_cast<int>(u);
      }
    }
    double most = 0;
    for (double x : load) most = std::max(most, x);
    return most * threads / static_cast<double>(total);
  }
};

TEST(AttentionSplit, EverySegmentHasOneOwner) {
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    Division division;
    const int units = 1 + static_cast<int>(random() % 9);
    for (int i = 0; i < units; ++i) {
      const int32_t segments = 1 + static_cast<int32_t>(random() % 40);
      const int32_t pairs = 1 + static_cast<int32_t>(random() % 100);
      division.Add(1 + pairs * segments * static_cast<int64_t>(random() % 20),
                   segments, pairs);
    }
    division.Check(1 + static_cast<int>(random() % 17));
    if (HasFailure()) FAIL() << "round " << round;
  }
}

TEST(AttentionSplit, OneLongRowUsesAllThreads) {
  for (int threads : {2, 3, 4, 8}) {
    Division one;
    one.Add(8192, 32, 3);
    EXPECT_LE(one.Check(threads), 1.04) << threads;
    Division three;  // the three kv heads of a small model
    for (int i = 0; i < 3; ++i) three.Add(8192, 32, 3);
    EXPECT_LE(three.Check(threads), 1.09) << threads;
  }
}

TEST(AttentionSplit, ManySmallUnitsStayWhole) {
  Division division;
  for (int i = 0; i < 100; ++i) division.Add(100, 8, 3);
  EXPECT_LE(division.Check(3), 1.04);
  for (const AttentionUnit& unit : division.units) {
    EXPECT_FALSE(ShareOfUnit(unit, division.total, 0, 3).split);
  }
}

TEST(AttentionSplit, StatesThatDoNotFitStayWhole) {
  Division division;
  division.Add(1000, kStatesPerCut, 2);
  division.Check(2);
  EXPECT_FALSE(ShareOfUnit(division.units[0], division.total, 0, 2).split);
}

}  // namespace
}  // namespace inlay::backend::cpu
