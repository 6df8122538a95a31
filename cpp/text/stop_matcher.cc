#include <algorithm>
#include <utility>

#include "cpp/text/detokenizer.h"

namespace inlay::text {

StopMatcher::StopMatcher(std::vector<std::string> stops)
    : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    longest_ = std::max(longest_, stop.size());
  }
}

int StopMatcher::Push(std::string_view piece, std::string* out) {
  if (longest_ == 0) {
    out->append(piece);
    return -1;
  }
  held_.append(piece);
  size_t best_end = held_.size() + 1;
  int best = -1;
  for (size_t i = 0; i < stops_.size(); ++i) {
    if (stops_[i].empty()) continue;
    const size_t at = held_.find(stops_[i]);
    if (at == std::string::npos) continue;
    const size_t end = at + stops_[i].size();
    const bool longer =
        best >= 0 && end == best_end && stops_[i].size() > stops_[best].size();
    if (end < best_end || longer) {
      best_end = end;
      best = static_cast<int>(i);
    }
  }
  if (best >= 0) {
    out->append(held_, 0, best_end - stops_[best].size());
    held_.clear();
    return best;
  }
  const size_t keep = HeldLength();
  out->append(held_, 0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return -1;
}

// The length of the longest end of held_ that begins a stop string.
size_t StopMatcher::HeldLength() const {
  const std::string_view held = held_;
  for (size_t length = std::min(held.size(), longest_); length > 0; --length) {
    const std::string_view end = held.substr(held.size() - length);
    for (const std::string& stop : stops_) {
      if (length < stop.size() && stop.compare(0, length, end) == 0) {
        return length;
      }
    }
  }
  return 0;
}

void StopMatcher::Finish(std::string* out) {
  out->append(held_);
  held_.clear();
}

}  // namespace inlay::text
