#include "cpp/cli/serve/lengths.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "cpp/cli/args.h"
#include "cpp/cli/serve/summary.h"

namespace inlay::cli {
namespace {

LengthDistribution Parse(std::string_view text,
                         LengthSide side = LengthSide::kPrompt) {
  return LengthDistribution::Parse("prompt-tokens", text, side);
}

std::vector<double> Draw(const LengthDistribution& lengths, int count) {
  Random random(11, 2);
  std::vector<double> out;
  for (int i = 0; i < count; ++i) out.push_back(lengths.Draw(random));
  return out;
}

TEST(LengthsTest, Fixed) {
  const Summary drawn = Summarise(Draw(Parse("fixed:64"), 100));
  EXPECT_EQ(drawn.mean, 64);
  EXPECT_EQ(drawn.max, 64);
}

TEST(LengthsTest, UniformReachesBothEndsEvenly) {
  const auto values = Draw(Parse("uniform:3:12"), 100000);
  for (int value = 3; value <= 12; ++value) {
    // 10,000 expected, a standard deviation of 95.
    EXPECT_NEAR(
        static_cast<double>(std::count(values.begin(), values.end(), value)),
        10000, 500);
  }
}

// Closed forms: the median m, the mean m * exp(sigma^2 / 2), and the share
// above m * exp(sigma) is that of a normal above one deviation, 0.158655.
TEST(LengthsTest, LognormalHasItsMoments) {
  const auto values = Draw(Parse("lognormal:1000:0.5:1:1000000"), 200000);
  const Summary drawn = Summarise(values);
  EXPECT_NEAR(drawn.p50, 1000, 6);
  EXPECT_NEAR(drawn.mean, 1000 * std::exp(0.125), 6);
  const double above = 1000 * std::exp(0.5);
  EXPECT_NEAR(static_cast<double>(
                  std::count_if(values.begin(), values.end(),
                                [&](double value) { return value > above; })) /
                  200000,
              0.158655, 0.003);
}

TEST(LengthsTest, LognormalIsClipped) {
  const auto values = Draw(Parse("lognormal:64:10:5:100"), 1000);
  EXPECT_EQ(*std::min_element(values.begin(), values.end()), 5);
  EXPECT_EQ(*std::max_element(values.begin(), values.end()), 100);
  EXPECT_EQ(Parse("lognormal:64:10:5:100").most(), 100);
}

TEST(LengthsTest, SharegptHasTheReportedMeans) {
  const auto prompts = Draw(Parse("sharegpt"), 100000);
  const auto outputs = Draw(Parse("sharegpt", LengthSide::kOutput), 100000);
  // Clipping at 2,048 takes some off.
  EXPECT_NEAR(Summarise(prompts).mean, 161, 25);
  EXPECT_NEAR(Summarise(outputs).mean, 338, 25);
}

TEST(LengthsTest, RowsOfAFileKeepTogether) {
  const std::string path = testing::TempDir() + "/lengths.csv";
  std::ofstream(path) << "prompt_tokens,output_tokens\n1,10\n2,20\n3,30\n";
  const auto prompts = Draw(Parse("csv:" + path), 3000);
  const auto outputs = Draw(Parse("csv:" + path, LengthSide::kOutput), 3000);
  for (size_t i = 0; i < prompts.size(); ++i) {
    ASSERT_EQ(outputs[i], prompts[i] * 10);
  }
  EXPECT_NEAR(Summarise(prompts).mean, 2, 0.06);
  EXPECT_EQ(Parse("csv:" + path, LengthSide::kOutput).most(), 30);
  EXPECT_TRUE(Parse("csv:" + path).FromRows());
}

TEST(LengthsTest, RefusesWhatItIsNot) {
  for (const char* text :
       {"", "64", "fixed:", "fixed:0", "fixed:1:2", "fixed:16777217",
        "uniform:5", "uniform:5:4", "uniform:0:4", "uniform:1:x",
        "lognormal:64:1:1", "lognormal:0:1:1:2", "lognormal:64:-1:1:2",
        "lognormal:64:11:1:2", "lognormal:nan:1:1:2", "lognormal:64:1:3:2",
        "lognormal:64:1:1:2:3", "Fixed:1", "sharegpt:1"}) {
    EXPECT_THROW(Parse(text), UsageError) << text;
  }
  EXPECT_THROW(Parse("csv:/nowhere/at/all.csv"), std::runtime_error);
}

}  // namespace
}  // namespace inlay::cli
