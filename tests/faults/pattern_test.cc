// The matcher of split patterns: any of its allocations may fail, also those
// of the library behind it, and the next try works.
#include "cpp/text/pattern.h"

#include <new>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "tests/faults/failing_new.h"

namespace inlay::faults {
namespace {

// Needs more room to backtrack than a match has on the stack.
constexpr char kPattern[] = "(?:a|ab|b)*c";

std::string Subject() {
  std::string subject;
  for (int i = 0; i < 400; ++i) subject += "ab";
  return subject + "c";
}

// The end of the first match; nothing if an allocation failed.
std::optional<size_t> EndOfMatch(const std::string& subject) {
  try {
    const auto pattern = text::Pattern::Compile(kPattern, /*bytes=*/false);
    auto scratch = text::MatchScratch::Create();
    if (!pattern.ok() || !scratch.ok()) return 0;
    const auto match = pattern->Find(subject, 0, &*scratch);
    return match.ok() && match->found ? match->end : 0;
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

TEST(Pattern, SurvivesEveryFailedAllocation) {
  const std::string subject = Subject();
  const int64_t before = LiveBlocks();
  ArmNew(0, Repeat::kOnce);
  ASSERT_EQ(EndOfMatch(subject), subject.size());
  DisarmNew();
  const int64_t total = NewCount();
  // Two memory contexts, compile context, code, match data, match context,
  // room to backtrack; the translated pattern is short enough for no block.
  EXPECT_GE(total, 7);
  for (int64_t n = 1; n <= total; ++n) {
    ArmNew(n, Repeat::kOnce);
    const std::optional<size_t> end = EndOfMatch(subject);
    DisarmNew();
    EXPECT_EQ(end, std::nullopt) << "allocation " << n << " of " << total;
    EXPECT_EQ(LiveBlocks(), before) << "allocation " << n << " of " << total;
  }
  EXPECT_EQ(EndOfMatch(subject), subject.size());
}

}  // namespace
}  // namespace inlay::faults
