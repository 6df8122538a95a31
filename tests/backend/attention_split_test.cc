#include "cpp/backend/cpu/attention_split.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// The divided attention of a step.
struct Step {
  std::vector<scheduler::RowGroup> groups;

  void Add(int32_t position, int32_t rows) {
    scheduler::RowGroup group;
    group.position = position;
    group.row_count = rows;
    groups.push_back(group);
  }
  Division Divide(const AttentionHeads& heads, int threads) const {
    Division division;
    const AttentionDivision units(groups, heads, threads);
    units.ForEach([&](const AttentionTile& tile, const AttentionUnit& unit) {
      EXPECT_EQ(unit.before, division.total);
      EXPECT_GE(tile.rows, 1);
      EXPECT_LE(tile.first + tile.rows, tile.group.row_count);
      EXPECT_LE(tile.rows * heads.q_per_kv,
                std::max(kernels::cpu::kAttentionTile, heads.q_per_kv));
      division.Add(unit.cost, unit.segments, unit.pairs);
    });
    EXPECT_EQ(division.total, units.total());
    return division;
  }
};

TEST(AttentionDivision, AChunkBesideAnswersIsBalanced) {
  for (const AttentionHeads& heads :
       {AttentionHeads{3, 3, 0}, AttentionHeads{8, 4, 0},
        AttentionHeads{2, 7, 0}, AttentionHeads{1, 32, 0}}) {
    for (int32_t rows : {1, 3, 8, 12, 16, 20, 24, 40, 100}) {
      for (int32_t position : {400, 3000, 6000, 12000}) {
        for (bool first : {true, false}) {
          Step step;
          if (first) step.Add(position, rows);
          for (int i = 0; i < 16; ++i) step.Add(300 + 20 * i, 1);
          if (!first) step.Add(position, rows);
          for (int threads : {2, 3, 4}) {
            EXPECT_LE(step.Divide(heads, threads).Check(threads),
                      threads == 2 ? 1.1 : 1.2)
                << heads.kv_heads << " heads, " << rows << " rows at "
                << position << " on " << threads << " threads";
          }
        }
      }
    }
  }
}

TEST(AttentionDivision, EveryRowAndHeadIsInOneTile) {
  std::mt19937 random(6);
  for (int round = 0; round < 200; ++round) {
    Step step;
    const AttentionHeads heads = {1 + static_cast<int32_t>(random() % 5),
                                  1 + static_cast<int32_t>(random() % 120),
                                  static_cast<int32_t>(random() % 2 * 300)};
    const size_t groups = 1 + random() % 5;
    for (size_t i = 0; i < groups; ++i) {
      step.Add(static_cast<int32_t>(random() % 4000),
               1 + static_cast<int32_t>(random() % 90));
    }
    std::vector<int> seen(groups * 5 * 90, 0);
    const int threads = 1 + static_cast<int>(random() % 9);
    const AttentionDivision division(step.groups, heads, threads);
    division.ForEach([&](const AttentionTile& tile, const AttentionUnit& unit) {
      const auto group = static_cast<size_t>(&tile.group - step.groups.data());
      for (int32_t r = tile.first; r < tile.first + tile.rows; ++r) {
        ++seen[(group * 5 + static_cast<size_t>(tile.kv_head)) * 90 +
               static_cast<size_t>(r)];
      }
      const int32_t last = tile.group.position + tile.first + tile.rows - 1;
      EXPECT_EQ(tile.segment + unit.segments - 1,
                last / kernels::cpu::kAttentionSegment);
    });
    for (size_t i = 0; i < seen.size(); ++i) {
      const bool there =
          static_cast<int32_t>(i % 90) < step.groups[i / 450].row_count &&
          static_cast<int32_t>(i / 90 % 5) < heads.kv_heads;
      ASSERT_EQ(seen[i], there ? 1 : 0);
    }
    step.Divide(heads, threads).Check(threads);
  }
}

}  // namespace
}  // namespace inlay::backend::cpu
