#include "cpp/cli/serve/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cpp/cli/args.h"
#include "cpp/cli/serve/random.h"

namespace inlay::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::Throws;

TEST(CsvTest, ReadsLengths) {
  const auto rows = ParseLengths(
      "f", "prompt_tokens,output_tokens\r\n1,2\r\n\n# note\n 30 ,\t40 \n5,6");
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[1].prompt_tokens, 30);
  EXPECT_EQ(rows[1].output_tokens, 40);
  EXPECT_EQ(rows[2].output_tokens, 6);
}

TEST(CsvTest, ReadsAReplaySortedByArrival) {
  const auto rows = ParseReplay("f", "2.5,10,20,-3,b\n0.5,1,2\n2.5,7,8,4\n");
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[0].arrival_seconds, 0.5);
  EXPECT_EQ(rows[0].tenant, "");
  EXPECT_EQ(rows[1].length.prompt_tokens, 10);
  EXPECT_EQ(rows[1].priority, -3);
  EXPECT_EQ(rows[1].tenant, "b");
  EXPECT_EQ(rows[2].priority, 4);
}

void ExpectRefused(std::string_view text, const std::string& line,
                   const std::string& why) {
  EXPECT_THAT([&] { ParseLengths("name.csv", text); },
              Throws<UsageError>(Property(
                  &UsageError::what, AllOf(HasSubstr("name.csv"),
                                           HasSubstr(line), HasSubstr(why)))))
      << text;
}

TEST(CsvTest, SaysWhichLineIsWrong) {
  ExpectRefused("", "", "no rows");
  ExpectRefused("a,b\n", "", "no rows");
  ExpectRefused("1,2\na,b\n", "line 2", "'a'");
  ExpectRefused("1,2\n\n3\n", "line 3", "2 numbers");
  ExpectRefused("1,2,3\n", "line 1", "2 numbers");
  ExpectRefused("1,0\n", "line 1", "'0'");
  ExpectRefused("1,-1\n", "line 1", "'-1'");
  ExpectRefused("16777217,1\n", "line 1", "16777216");
  ExpectRefused("99999999999999999999,1\n", "line 1", "999");
  ExpectRefused("1.5,1\n", "line 1", "1.5");
  ExpectRefused("1,2x\n", "line 1", "2x");
  ExpectRefused(",\n", "line 1", "''");
}

TEST(CsvTest, ErrorsStayShortAndPrintable) {
  std::string text = "1,\x1b[31m";
  text += std::string(1 << 20, 'y');
  try {
    ParseLengths("f", text);
    FAIL();
  } catch (const UsageError& error) {
    const std::string what = error.what();
    EXPECT_LT(what.size(), 120u);
    for (char c : what) EXPECT_TRUE(c >= 0x20 && c < 0x7F);
  }
}

TEST(CsvTest, BoundsTheRows) {
  std::string text;
  for (size_t i = 0; i < kMostRows; ++i) text += "1,1\n";
  EXPECT_THAT(ParseLengths("f", text), SizeIs(kMostRows));
  EXPECT_THROW(ParseLengths("f", text + "1,1"), UsageError);
}

TEST(CsvTest, RefusesBadReplays) {
  for (const char* text :
       {"-1,1,1", "nan,1,1", "inf,1,1", "1e7,1,1", "1,1", "1,1,1,101",
        "1,1,1,0.5", "1,1,1,0,a,b", "0,1,1,,a"}) {
    EXPECT_THROW(ParseReplay("f", text), UsageError) << text;
  }
}

// Whatever the bytes, it ends with rows or a UsageError.
TEST(CsvTest, SurvivesAnything) {
  constexpr char kAlphabet[] = "019.,,,-\n\r#ae\"\x80 ";
  Random random(1, 1);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (uint64_t i = random.Below(40); i > 0; --i) {
      text += kAlphabet[random.Below(sizeof kAlphabet)];
    }
    try {
      ParseLengths("f", text);
    } catch (const UsageError&) {
    }
    try {
      ParseReplay("f", text);
    } catch (const UsageError&) {
    }
  }
}

}  // namespace
}  // namespace inlay::cli
