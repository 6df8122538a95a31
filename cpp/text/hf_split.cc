#include "cpp/text/hf_split.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

// Joins each match to the stretch that comes before it in `stretches`.
std::vector<Stretch> MergeWithEarlier(const std::vector<Stretch>& stretches) {
  std::vector<Stretch> out;
  bool previous_match = false;
  for (const Stretch& stretch : stretches) {
    if (stretch.match && !previous_match && !out.empty()) {
      out.back().begin = std::min(out.back().begin, stretch.begin);
      out.back().end = std::max(out.back().end, stretch.end);
    } else {
      out.push_back(stretch);
    }
    previous_match = stretch.match;
  }
  return out;
}

std::vector<Stretch> MergeAlike(const std::vector<Stretch>& stretches) {
  std::vector<Stretch> out;
  for (const Stretch& stretch : stretches) {
    if (!out.empty() && out.back().match == stretch.match) {
      out.back().end = stretch.end;
    } else {
      out.push_back(stretch);
    }
  }
  return out;
}

}  // namespace

StatusOr<SplitBehavior> ParseBehavior(const json::Value& value) {
  std::string_view name;
  INLAY_RETURN_IF_ERROR(value.Get(&name));
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return absl::UnimplementedError(absl::StrCat(
      value.path(), " \"", name.substr(0, 100), "\" is not known"));
}

Status FindStretches(const Pattern& pattern, std::string_view text,
                     MatchScratch* scratch, std::vector<Stretch>* out) {
  size_t done = 0, from = 0;
  while (from <= text.size()) {
    INLAY_ASSIGN_OR_RETURN(const Match match,
                           pattern.Find(text, from, scratch));
    if (!match.found || match.begin < from || match.end < match.begin) break;
    if (match.begin > done) out->push_back({done, match.begin, false});
    if (match.end > match.begin) {
      out->push_back({match.begin, match.end, true});
      from = match.end;
    } else {
      // Nothing, between two characters: a border, and on behind the next.
      from = match.end;
      if (from >= text.size()) {
        done = from;
        break;
      }
      from += StepUtf8(text.substr(from)).length;
    }
    done = match.end;
  }
  if (done < text.size()) out->push_back({done, text.size(), false});
  return OkStatus();
}

std::vector<Stretch> ApplyBehavior(const std::vector<Stretch>& stretches,
                                   SplitBehavior behavior) {
  std::vector<Stretch> out = stretches;
  switch (behavior) {
    case SplitBehavior::kRemoved:
      std::erase_if(out, [](const Stretch& s) { return s.match; });
      break;
    case SplitBehavior::kIsolated:
      break;
    case SplitBehavior::kMergedWithPrevious:
      out = MergeWithEarlier(stretches);
      break;
    case SplitBehavior::kMergedWithNext:
      std::reverse(out.begin(), out.end());
      out = MergeWithEarlier(out);
      std::reverse(out.begin(), out.end());
      break;
    case SplitBehavior::kContiguous:
      out = MergeAlike(stretches);
      break;
  }
  std::erase_if(out, [](const Stretch& s) { return s.begin == s.end; });
  return out;
}

}  // namespace inlay::text
