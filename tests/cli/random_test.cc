#include "cpp/cli/serve/random.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cpp/cli/serve/lengths.h"

namespace inlay::cli {
namespace {

// The first outputs for the state 1234567, as its users publish them.
TEST(RandomTest, GivesThePublishedNumbers) {
  Random random(1234567);
  for (const uint64_t expected :
       {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
        4593380528125082431u, 16408922859458223821u}) {
    EXPECT_EQ(random.Next(), expected);
  }
}

TEST(RandomTest, DrawsAsTheSecondImplementation) {
  std::ifstream file(std::string(INLAY_SOURCE_DIR) +
                     "/tests/goldens/serve/draws.txt");
  std::string line;
  std::getline(file, line);
  int lines = 0;
  uint64_t seed = ~uint64_t{0}, stream = 0;
  std::vector<Random> streams;  // the same numbers through each kind of draw
  const LengthDistribution lengths = LengthDistribution::Parse(
      "output-tokens", "lognormal:64:1:1:1024", LengthSide::kOutput);
  for (; std::getline(file, line); ++lines) {
    std::istringstream fields(line);
    uint64_t line_seed = 0, line_stream = 0;
    char semicolon = 0;
    double uniform = 0, normal = 0, exponential = 0;
    int32_t length = 0;
    fields >> line_seed >> line_stream >> semicolon >> uniform >> normal >>
        exponential >> length;
    ASSERT_TRUE(fields) << line;
    if (lines == 0 || line_seed != seed || line_stream != stream) {
      seed = line_seed;
      stream = line_stream;
      streams.assign(4, Random(seed, stream));
    }
    EXPECT_EQ(streams[0].Uniform(), uniform);
    EXPECT_NEAR(streams[1].Normal(), normal, 1e-14 + 1e-14 * std::abs(normal));
    EXPECT_NEAR(streams[2].Exponential(), exponential, 1e-14 * exponential);
    EXPECT_EQ(lengths.Draw(streams[3]), length);
  }
  EXPECT_EQ(lines, 100);
}

// The distribution function is erfc(-x / sqrt 2) / 2.
TEST(RandomTest, QuantileInvertsTheDistribution) {
  for (double p = 1e-12; p < 0.5; p *= 1.7) {
    const double x = NormalQuantile(p);
    EXPECT_NEAR(std::erfc(-x / std::sqrt(2.0)) / 2 / p, 1, 1e-12) << p;
    EXPECT_NEAR(NormalQuantile(1 - p), -x, 1e-3 * std::abs(x)) << p;
  }
  EXPECT_EQ(NormalQuantile(0.5), 0);
}

TEST(RandomTest, BelowStaysBelowAndIsEven) {
  Random random(3, 4);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[random.Below(7)];
  // 10,000 expected, a standard deviation of 93.
  for (int count : counts) EXPECT_NEAR(count, 10000, 500);
  EXPECT_EQ(random.Below(1), 0u);
  EXPECT_EQ(random.Below(0), 0u);
  const uint64_t huge = ~uint64_t{0};
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.Below(huge), huge);
}

TEST(RandomTest, StreamsDiffer) {
  EXPECT_NE(Random(1, 2).Next(), Random(1, 3).Next());
  EXPECT_NE(Random(1, 2).Next(), Random(2, 2).Next());
  EXPECT_NE(Random(1, 2).Next(), Random(2, 1).Next());
}

}  // namespace
}  // namespace inlay::cli
