// Weights of a whole row against libm.
#include "cpp/sampling/weights.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::sampling {
namespace {

// Blocks at different depths below the largest, and a short last one.
std::vector<float> RowOfDepths() {
  std::vector<float> row;
  for (const float depth : {0.5f, 6.0f, 30.0f, 86.5f, 200.0f, 3.0f}) {
    const size_t size = depth == 3.0f ? 17 : kBlock;
    for (size_t i = 0; i < size; ++i) {
      row.push_back(4.0f - depth - 0.01f * static_cast<float>(i % 10));
    }
  }
  row[100] = -INFINITY;
  row[70] = 4.0f;
  return row;
}

TEST(RowWeightsTest, AreTheExponentials) {
  const std::vector<float> row = RowOfDepths();
  BlockMaxima maxima(row.size());
  maxima.Scan(row);
  for (const float temperature : {0.5f, 1.0f, 3.0f}) {
    RowWeights weights;
    weights.Weigh(row, maxima, temperature);
    double total = 0;
    for (const float x : row) {
      total += std::exp((static_cast<double>(x) - 4) / temperature);
    }
    EXPECT_NEAR(weights.total() / total, 1, 1e-6);
    for (const double least : {0.0, 1e-30, 1e-3, 0.2}) {
      std::vector<Candidate> items;
      weights.Collect(row, maxima, temperature, static_cast<float>(least),
                      &items);
      size_t next = 0;
      for (size_t i = 0; i < row.size(); ++i) {
        const double scaled = (static_cast<double>(row[i]) - 4) / temperature;
        if (scaled < -87 || std::exp(scaled) < least) continue;
        ASSERT_LT(next, items.size());
        EXPECT_EQ(items[next].token, static_cast<int32_t>(i));
        EXPECT_NEAR(items[next].weight / std::exp(scaled), 1, 1e-5);
        EXPECT_NEAR(items[next].scaled, scaled, 1e-4);
        ++next;
      }
      EXPECT_EQ(next, items.size());
    }
  }
}

TEST(RowWeightsTest, DrawsWalkTheCumulativeDistribution) {
  const std::vector<float> row = RowOfDepths();
  BlockMaxima maxima(row.size());
  maxima.Scan(row);
  RowWeights weights;
  weights.Weigh(row, maxima, 1);
  double mass = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const double weight = std::exp(static_cast<double>(row[i]) - 4);
    if (weight / weights.total() > 1e-4) {
      EXPECT_EQ(weights.Draw((mass + weight / 2) / weights.total()),
                static_cast<int32_t>(i));
    }
    mass += weight;
  }
  EXPECT_EQ(weights.Draw(0), 0);
  EXPECT_EQ(weights.Draw(1 - 0x1p-53), static_cast<int32_t>(row.size()) - 1);
}

}  // namespace
}  // namespace inlay::sampling
