// Selection through the maxima of blocks against a full sort.
#include "cpp/sampling/block_maxima.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace inlay::sampling {
namespace {

std::vector<int32_t> FullSort(const std::vector<float>& row, size_t count) {
  std::vector<int32_t> ids(row.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(),
                   [&](int32_t a, int32_t b) { return row[a] > row[b]; });
  ids.resize(std::min(count, ids.size()));
  return ids;
}

std::vector<int32_t> Selected(BlockMaxima* maxima,
                              const std::vector<float>& row, size_t count) {
  std::vector<Candidate> candidates;
  maxima->SelectLargest(row, count, &candidates);
  std::vector<int32_t> ids;
  for (const Candidate& c : candidates) {
    EXPECT_EQ(c.value, row[c.token]);
    ids.push_back(c.token);
  }
  return ids;
}

// Rows of all sizes, with few distinct values so that many are equal, and
// banned logits.
TEST(BlockMaximaTest, SelectsWhatAFullSortDoes) {
  std::mt19937 random(7);
  for (const size_t size : {1, 5, 63, 64, 65, 128, 200, 1000, 5000}) {
    for (const int distinct : {3, 100, 100000}) {
      std::vector<float> row(size);
      for (float& x : row) {
        x = static_cast<float>(random() % distinct) - 5;
        if (random() % 7 == 0) x = -INFINITY;
      }
      BlockMaxima maxima(size);
      maxima.Scan(row);
      for (const size_t count : {1, 2, 7, 40, 64, 100, 300, 999, 6000}) {
        SCOPED_TRACE(testing::Message()
                     << size << " " << distinct << " " << count);
        ASSERT_EQ(Selected(&maxima, row, count), FullSort(row, count));
      }
      ASSERT_TRUE(maxima.largest().valid);
      ASSERT_EQ(maxima.FirstOfLargest(row), FullSort(row, 1)[0]);
    }
  }
}

TEST(BlockMaximaTest, RefreshSeesWhatWasTouched) {
  std::mt19937 random(8);
  std::vector<float> row(777);
  for (float& x : row) x = static_cast<float>(random() % 1000);
  BlockMaxima maxima(row.size());
  maxima.Scan(row);
  for (int round = 0; round < 200; ++round) {
    // Also the largest goes down.
    const int32_t token = round % 2 == 0
                              ? maxima.FirstOfLargest(row)
                              : static_cast<int32_t>(random() % row.size());
    row[token] = static_cast<float>(random() % 1000);
    maxima.Touch(token);
    maxima.Refresh(row);
    ASSERT_EQ(maxima.largest().value,
              *std::max_element(row.begin(), row.end()));
    ASSERT_EQ(Selected(&maxima, row, 5), FullSort(row, 5));
  }
}

TEST(BlockMaximaTest, RowsWithoutMeaningAreFoundAnywhere) {
  for (size_t at = 0; at < 150; ++at) {
    for (const float bad : {NAN, -NAN, INFINITY}) {
      std::vector<float> row(150, 1.0f);
      row[at] = bad;
      BlockMaxima maxima(row.size());
      maxima.Scan(row);
      EXPECT_FALSE(maxima.largest().valid) << at;
      row[at] = -INFINITY;
      maxima.Scan(row);
      EXPECT_TRUE(maxima.largest().valid) << at;
    }
  }
}

}  // namespace
}  // namespace inlay::sampling
