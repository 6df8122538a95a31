#include "cpp/text/utf8.h"

#include <gtest/gtest.h>

#include "cpp/text/byte_alphabet.h"

namespace inlay::text {
namespace {

std::string Repair(std::string_view text) {
  std::string out;
  if (AppendRepaired(text, &out) > 0) out.append(kReplacement);
  return out;
}

// R marks U+FFFD.
std::string R(std::string text) {
  std::string out;
  for (const char c : text) {
    c == 'R' ? out.append(kReplacement) : out.append(1, c);
  }
  return out;
}

// The Unicode Standard 15.0, section 3.9, tables 3-8 to 3-11.
TEST(Utf8, ReplacesEachMaximalSubpart) {
  EXPECT_EQ(Repair("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), R("RRRRRRRRA"));
  EXPECT_EQ(Repair("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), R("RRRRRRRRA"));
  EXPECT_EQ(Repair("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), R("RRRRRARRB"));
  EXPECT_EQ(Repair("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), R("RRRRA"));
  // Section 3.9, the example of the best practice.
  EXPECT_EQ(Repair("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            R("aRRRbRcRRd"));
}

TEST(Utf8, ReplacesATruncatedEndOnce) {
  EXPECT_EQ(Repair("a\xF0\x9F\x98"), R("aR"));
  EXPECT_EQ(Repair("\xE4\xB8"), R("R"));
  EXPECT_EQ(Repair("\xC3"), R("R"));
}

TEST(Utf8, EncodesEveryScalarValueReversibly) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    AppendUtf8(c, &text);
    const Utf8Step step = StepUtf8(text);
    ASSERT_EQ(step.state, Utf8State::kValid) << std::hex << uint32_t{c};
    ASSERT_EQ(step.code_point, c);
    ASSERT_EQ(step.length, text.size());
  }
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  EXPECT_EQ(FindInvalidUtf8("ab\xC3\xA9"), std::string_view::npos);
  EXPECT_EQ(FindInvalidUtf8("ab\xC3"), 2u);
  EXPECT_EQ(FindInvalidUtf8("\xC3\xA9\xFF"), 2u);
}

TEST(ByteAlphabet, SpellsEveryByteReversibly) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  std::string letters, back;
  AppendByteLetters(all, &letters);
  ASSERT_TRUE(BytesOfLetters(letters, &back));
  EXPECT_EQ(back, all);
  std::string space_newline;
  AppendByteLetters(" \n", &space_newline);
  EXPECT_EQ(space_newline, "\xC4\xA0\xC4\x8A");  // U+0120 U+010A
  EXPECT_FALSE(BytesOfLetters("\xE2\x96\x81", &back));
  EXPECT_FALSE(BytesOfLetters("\xFF", &back));
}

}  // namespace
}  // namespace inlay::text
