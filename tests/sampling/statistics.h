// Whether draws came from a distribution.
#ifndef INLAY_TESTS_SAMPLING_STATISTICS_H_
#define INLAY_TESTS_SAMPLING_STATISTICS_H_

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace inlay::sampling {

// `counts` of each token out of `draws`. No token without probability may
// have come, each with some must have, and the chi-square statistic may be no
// more than its mean and five standard deviations.
inline void ExpectDistribution(const std::vector<int>& counts,
                               const std::vector<double>& probabilities,
                               int draws) {
  ASSERT_EQ(counts.size(), probabilities.size());
  double chi_square = 0;
  int degrees = -1;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = probabilities[i] * draws;
    if (probabilities[i] == 0) {
      EXPECT_EQ(counts[i], 0) << "token " << i << " was cut";
      continue;
    }
    if (expected > 20) {
      EXPECT_GT(counts[i], 0) << "token " << i;
    }
    if (expected < 5) continue;
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    ++degrees;
  }
  degrees = std::max(degrees, 0);
  EXPECT_LE(chi_square, degrees + 5 * std::sqrt(2.0 * degrees));
}

}  // namespace inlay::sampling

#endif  // INLAY_TESTS_SAMPLING_STATISTICS_H_
