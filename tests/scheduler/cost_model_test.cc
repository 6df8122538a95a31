#include "cpp/scheduler/cost_model.h"

#include <cmath>
#include <random>

#include "gtest/gtest.h"

namespace inlay::scheduler {
namespace {

constexpr double kBase = 2e6, kRow = 3e5, kScore = 150, kKey = 700;

double True(const StepSize& size) {
  return kBase + kRow * static_cast<double>(size.rows) +
         kScore * static_cast<double>(size.scores) +
         kKey * static_cast<double>(size.keys);
}

// `decodes` rows at `context` keys and a chunk of `rows` rows behind
// `position`.
StepSize Mixed(int decodes, int32_t context, int32_t position, int32_t rows) {
  StepSize size;
  for (int i = 0; i < decodes; ++i) size.Add(context, 1);
  if (rows > 0) size.Add(position, rows);
  return size;
}

StepSize Random(std::mt19937& random) {
  const auto context = [&] { return static_cast<int32_t>(random() % 4000); };
  return Mixed(static_cast<int>(random() % 33), context(), context(),
               1 + static_cast<int32_t>(random() % 480));
}

// Steps of many sizes, with noise of `noise` relative to their time.
CostModel Trained(double noise, int steps = 300) {
  CostModel model;
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  for (int i = 0; i < steps; ++i) {
    const StepSize size = Random(random);
    model.Observe(size, True(size) * std::exp(noise * normal(random)));
  }
  return model;
}

TEST(CostModel, KnowsNothingAtFirst) {
  CostModel model;
  EXPECT_FALSE(model.ready());
  EXPECT_LT(model.Predict({1, 1, 1}), 0);
  EXPECT_LT(model.Recompute(10), 0);
  EXPECT_LT(model.Swap(1), 0);
  EXPECT_EQ(model.RowsWithin({1, 1, 1}, 0, 1, 77), 77);
  for (int i = 0; i < 7; ++i) model.Observe({4, 40, 40}, 1e6);
  EXPECT_FALSE(model.ready());
  model.Observe({4, 40, 40}, 1e6);
  EXPECT_TRUE(model.ready());
  EXPECT_NEAR(model.Predict({4, 40, 40}), 1e6, 1e3);
}

TEST(CostModel, LearnsTheCoefficients) {
  const CostModel model = Trained(0.02);
  for (const StepSize& size :
       {Mixed(1, 0, 0, 0), Mixed(16, 500, 0, 0), Mixed(8, 6000, 0, 0),
        Mixed(0, 0, 0, 512), Mixed(0, 0, 4000, 512), Mixed(16, 900, 5000, 8)}) {
    EXPECT_NEAR(model.Predict(size) / True(size), 1, 0.05)
        << size.rows << " rows, " << size.scores << " scores";
  }
  EXPECT_NEAR(model.Recompute(300) / True(Mixed(0, 0, 0, 300)), 1, 0.05);
}

TEST(CostModel, RowsWithinIsTheLargestThatFits) {
  const CostModel model = Trained(0);
  for (const int32_t position : {0, 100, 5000}) {
    for (const double factor : {1.0, 1.1, 2.0, 10.0}) {
      const StepSize base = Mixed(16, 700, 0, 0);
      const double limit = factor * model.Predict(base);
      const int32_t rows = model.RowsWithin(base, position, limit, 400);
      const auto with = [&](int32_t more) {
        return model.Predict(Mixed(16, 700, position, more));
      };
      EXPECT_TRUE(rows == 0 || with(rows) <= limit * (1 + 1e-9));
      EXPECT_TRUE(rows == 400 || with(rows + 1) > limit);
    }
  }
  EXPECT_EQ(model.RowsWithin({16, 16, 16}, 0, 0, 400), 0);
  EXPECT_EQ(model.RowsWithin({16, 16, 16}, 0, 1e12, 0), 0);
}

TEST(StepSize, RowsOfARequestShareTheKeysBeforeThem) {
  StepSize size = {.rows = 1, .scores = 3, .keys = 3};
  size.Add(40, 7);
  int64_t scores = 3;
  for (int32_t position = 40; position < 47; ++position) scores += position + 1;
  EXPECT_EQ(size.rows, 8);
  EXPECT_EQ(size.scores, scores);
  EXPECT_EQ(size.keys, 3 + 47);
}

// Decodes pay for reading the keys of each row, a chunk once for all.
TEST(CostModel, KnowsKeysThatAreSharedFromKeysThatAreNot) {
  CostModel model;
  for (int i = 0; i < 100; ++i) {
    const StepSize size = Mixed(16, 500 + 5 * i, 40 * i, i % 3 == 0 ? 0 : 12);
    model.Observe(size, True(size));
  }
  for (const int32_t rows : {0, 1, 12, 40}) {
    const StepSize size = Mixed(16, 900, 4000, rows);
    EXPECT_NEAR(model.Predict(size) / True(size), 1, 0.05) << rows;
  }
}

// Only decodes of one size were seen: any split between the step and its rows
// explains them. The careful one holds until larger steps show better.
TEST(CostModel, StepsAllAlikeAreChargedToTheirRows) {
  CostModel model;
  for (int i = 0; i < 200; ++i) model.Observe({16, 4800, 4800}, 50e6);
  EXPECT_NEAR(model.Predict({16, 4800, 4800}), 50e6, 1e4);
  EXPECT_NEAR(model.Predict({32, 4800, 4800}), 100e6, 5e6);
  const int32_t careful = model.RowsWithin({16, 4800, 4800}, 0, 100e6, 2048);
  EXPECT_NEAR(careful, 16, 1);
  // In truth a row costs a tenth of that: a few chunks tell.
  const auto truth = [](double rows) { return 45e6 + rows * 5e6 / 16; };
  int32_t rows = careful;
  for (int i = 0; i < 12; ++i) {
    model.Observe(Mixed(16, 299, 0, rows), truth(16 + rows));
    rows = model.RowsWithin({16, 4800, 4800}, 0, 100e6, 2048);
  }
  EXPECT_NEAR(rows, 50e6 / (5e6 / 16), 24);
}

// Tiny differences in noise must not look like a free row.
TEST(CostModel, NoiseAmongAlikeStepsTellsNoSlope) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 50; ++trial) {
    CostModel model;
    for (int i = 0; i < 100; ++i) {
      model.Observe(Mixed(16, 300 + i, 0, 0),
                    50e6 * std::exp(0.1 * normal(random)));
    }
    const StepSize base = Mixed(16, 399, 0, 0);
    const int32_t rows =
        model.RowsWithin(base, 0, 2 * model.Predict(base), 2048);
    EXPECT_GE(rows, 1);
    EXPECT_LE(rows, 48);  // 16 times kReach, less the decodes
  }
}

TEST(CostModel, TrustsItselfOnlySomeWayBeyondWhatItSaw) {
  const CostModel model = Trained(0);  // at most 512 rows
  const int32_t rows = model.RowsWithin({16, 16, 16}, 0, 1e15, 1 << 20);
  EXPECT_GT(rows, 1024);
  EXPECT_LE(rows, 4 * 512 - 16);
}

TEST(CostModel, MoreWorkNeverLooksCheaper) {
  CostModel model;
  for (int i = 0; i < 100; ++i) {
    const int64_t rows = 1 + i % 10;
    model.Observe({rows, rows * 100, rows * 100},
                  2e6 - 1e5 * static_cast<double>(rows));
  }
  EXPECT_GE(model.Predict({20, 1000, 1000}), model.Predict({1, 1000, 1000}));
  EXPECT_GE(model.Predict({5, 10'000, 10}), model.Predict({5, 10, 10}));
  EXPECT_GE(model.Predict({5, 10, 10'000}), model.Predict({5, 10, 10}));
  EXPECT_GE(model.Predict({1, 0, 0}), 0);
}

TEST(CostModel, AStalledMachineHardlyMatters) {
  CostModel model = Trained(0.02);
  const StepSize size = Mixed(64, 1000, 0, 0);
  const double before = model.Predict(size);
  model.Observe(size, 1000 * before);
  EXPECT_NEAR(model.Predict(size) / before, 1, 0.03);
  model.Observe(size, 1);  // nor a clock that stands still
  EXPECT_NEAR(model.Predict(size) / before, 1, 0.2);
  model.Observe(size, -5);
  model.Observe(size, std::nan(""));
  model.Observe(size, INFINITY);
  model.Observe({0, 0, 0}, 1e6);
  EXPECT_TRUE(std::isfinite(model.Predict(size)));
}

TEST(CostModel, FollowsAMachineThatChanges) {
  for (const double factor : {0.25, 4.0}) {
    CostModel model = Trained(0.02);
    std::mt19937 random(9);
    for (int i = 0; i < 800; ++i) {
      const StepSize size = Random(random);
      model.Observe(size, factor * True(size));
    }
    const StepSize size = Mixed(64, 1000, 0, 0);
    EXPECT_NEAR(model.Predict(size) / (factor * True(size)), 1, 0.05);
  }
}

TEST(CostModel, TransfersCountBothWays) {
  CostModel model;
  model.ObserveTransfer(10, 1000);
  model.ObserveTransfer(30, 3000);
  model.ObserveTransfer(0, 5);
  model.ObserveTransfer(5, -1);
  EXPECT_NEAR(model.Swap(7), 1400, 1);
}

}  // namespace
}  // namespace inlay::scheduler
