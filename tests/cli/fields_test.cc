#include "cpp/cli/serve/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/cli/args.h"

namespace inlay::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(FieldsTest, SplitsAtEverySeparator) {
  EXPECT_THAT(SplitAt("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(SplitAt("", ','), ElementsAre(""));
}

TEST(FieldsTest, ReadsWeights) {
  EXPECT_THAT(WeightFields("t", "a:3,b:0.5", 100),
              ElementsAre(Pair("a", 3), Pair("b", 0.5)));
  // The last colon separates: names may hold others.
  EXPECT_THAT(WeightFields("t", "x:y:2", 100), ElementsAre(Pair("x:y", 2)));
}

TEST(FieldsTest, RefusesWhatIsNoWeight) {
  for (const char* text : {"", "a", ":3", "a:", "a:0", "a:-1", "a:nan", "a:inf",
                           "a:101", "a:1,", "a:1,a:2", "a:1x", ",a:1"}) {
    EXPECT_THROW(WeightFields("t", text, 100), UsageError) << text;
  }
  std::string many = "n0:1";
  for (int i = 1; i < 64; ++i) many += ",n" + std::to_string(i) + ":1";
  EXPECT_EQ(WeightFields("t", many, 100).size(), 64u);
  EXPECT_THROW(WeightFields("t", many + ",z:1", 100), UsageError);
}

TEST(FieldsTest, ReadsNumbersWithinBounds) {
  EXPECT_EQ(IntField("o", "-5", -5, 5), -5);
  EXPECT_EQ(RealField("o", "0.25", 0, 1), 0.25);
  for (const char* text : {"", "6", "-6", "1.5", "1 ", "+1", "0x1"}) {
    EXPECT_THROW(IntField("o", text, -5, 5), UsageError) << text;
  }
  for (const char* text : {"", "1.01", "-0.1", "nan", "1 ", "inf"}) {
    EXPECT_THROW(RealField("o", text, 0, 1), UsageError) << text;
  }
}

}  // namespace
}  // namespace inlay::cli
