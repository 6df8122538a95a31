// Cutting text at matches.
#ifndef INLAY_TEXT_HF_SPLIT_H_
#define INLAY_TEXT_HF_SPLIT_H_

#include <string_view>
#include <vector>

#include "cpp/base/json.h"
#include "cpp/text/pattern.h"

namespace inlay::text {

// What becomes of the matches.
enum class SplitBehavior {
  kRemoved,
  kIsolated,
  kMergedWithPrevious,
  kMergedWithNext,
  kContiguous,
};

// A stretch of text, and whether it is a match.
struct Stretch {
  size_t begin, end;
  bool match;
};

StatusOr<SplitBehavior> ParseBehavior(const json::Value& value);

// Stretches that cover `text`: the matches and what lies between.
Status FindStretches(const Pattern& pattern, std::string_view text,
                     MatchScratch* scratch, std::vector<Stretch>* out);

// Merges and drops stretches as the behavior says; none of the result is
// empty.
std::vector<Stretch> ApplyBehavior(const std::vector<Stretch>& stretches,
                                   SplitBehavior behavior);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_SPLIT_H_
