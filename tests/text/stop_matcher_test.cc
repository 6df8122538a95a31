#include <gtest/gtest.h>

#include "cpp/text/detokenizer.h"
#include "tests/text/corpus.h"

namespace inlay::text {
namespace {

struct Result {
  std::string text;
  int stop = -1;
  bool operator==(const Result&) const = default;
};

// Feeds `text` in pieces that end at the bits of `cuts`.
Result Feed(const std::vector<std::string>& stops, std::string_view text,
            uint32_t cuts) {
  StopMatcher matcher(stops);
  Result result;
  size_t begin = 0;
  for (size_t i = 1; i <= text.size(); ++i) {
    if (i < text.size() && (cuts >> (i - 1) & 1) == 0) continue;
    result.stop = matcher.Push(text.substr(begin, i - begin), &result.text);
    if (result.stop >= 0) return result;
    begin = i;
  }
  matcher.Finish(&result.text);
  return result;
}

// The first end of any stop string, found in the whole text.
Result Reference(const std::vector<std::string>& stops, std::string_view text) {
  for (size_t end = 1; end <= text.size(); ++end) {
    int best = -1;
    for (size_t i = 0; i < stops.size(); ++i) {
      if (stops[i].empty() || !text.substr(0, end).ends_with(stops[i]))
        continue;
      if (best < 0 || stops[i].size() > stops[best].size()) {
        best = static_cast<int>(i);
      }
    }
    if (best >= 0) {
      return {std::string(text.substr(0, end - stops[best].size())), best};
    }
  }
  return {std::string(text), -1};
}

TEST(StopMatcher, FindsTheSameStopHoweverTheTextIsCut) {
  SplitMix64 random(11);
  for (int round = 0; round < 3000; ++round) {
    const auto draw = [&](uint64_t length) {
      std::string s;
      while (s.size() < length) s.push_back(random.Below(3) ? 'a' : 'b');
      return s;
    };
    std::vector<std::string> stops(1 + random.Below(3));
    for (std::string& stop : stops) stop = draw(random.Below(5));
    const std::string text = draw(1 + random.Below(12));
    const Result want = Reference(stops, text);
    for (int cut = 0; cut < 16; ++cut) {
      const auto cuts = static_cast<uint32_t>(random.Below(1 << 12));
      ASSERT_EQ(Feed(stops, text, cuts), want)
          << text << " cut " << cuts << " got " << Feed(stops, text, cuts).text;
    }
  }
}

TEST(StopMatcher, HoldsBackOnlyWhatMayStillMatch) {
  StopMatcher matcher({"\n\nUser:"});
  std::string out;
  EXPECT_EQ(matcher.Push("Hi\n", &out), -1);
  EXPECT_EQ(out, "Hi");
  EXPECT_EQ(matcher.Push("\nUs", &out), -1);
  EXPECT_EQ(out, "Hi");
  EXPECT_EQ(matcher.Push("ually", &out), -1);
  EXPECT_EQ(out, "Hi\n\nUsually");
  EXPECT_EQ(matcher.Push(" x\n\nUser: y", &out), 0);
  EXPECT_EQ(out, "Hi\n\nUsually x");
}

TEST(StopMatcher, WithoutStopsPassesEverythingThrough) {
  StopMatcher matcher({"", ""});
  std::string out;
  EXPECT_EQ(matcher.Push("abc", &out), -1);
  EXPECT_EQ(out, "abc");
  matcher.Finish(&out);
  EXPECT_EQ(out, "abc");
}

}  // namespace
}  // namespace inlay::text
