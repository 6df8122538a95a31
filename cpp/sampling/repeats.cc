#include "cpp/sampling/repeats.h"

namespace inlay::sampling {

// The Z-function (Gusfield, 1997, section 1.3) of the reversed history: at i,
// the length of the longest prefix of it that also starts at i.
void RepeatScan::Scan(std::span<const int32_t> prompt,
                      std::span<const int32_t> generated, size_t window) {
  window = std::min(window, prompt.size() + generated.size());
  const size_t from_generated = std::min(window, generated.size());
  reversed_.clear();
  reversed_.insert(reversed_.end(), generated.rbegin(),
                   generated.rbegin() + static_cast<ptrdiff_t>(from_generated));
  reversed_.insert(
      reversed_.end(), prompt.rbegin(),
      prompt.rbegin() + static_cast<ptrdiff_t>(window - from_generated));
  lengths_.assign(window, 0);
  // [begin, end): the match found so far that ends last.
  size_t begin = 0;
  size_t end = 0;
  for (size_t i = 1; i < window; ++i) {
    size_t length =
        i < end ? std::min(end - i, static_cast<size_t>(lengths_[i - begin]))
                : 0;
    while (i + length < window && reversed_[length] == reversed_[i + length]) {
      ++length;
    }
    lengths_[i] = static_cast<int32_t>(length);
    if (i + length > end) {
      begin = i;
      end = i + length;
    }
  }
}

size_t RepeatScan::LongestRepetition(size_t window) const {
  size_t longest = 0;
  for (size_t i = 1; i < window; ++i) {
    longest = std::max(longest, std::min(Length(i), window - i));
  }
  return longest;
}

void RepeatScan::MarkBreakers(const SamplingParams& params,
                              int32_t vocabulary_size) {
  if (params.dry_breakers.empty()) return;
  marks_.resize(static_cast<size_t>(vocabulary_size));
  for (const std::vector<int32_t>& breaker : params.dry_breakers) {
    marks_[static_cast<size_t>(breaker.back())] |=
        breaker.size() == 1 ? kAlone : kLast;
  }
}

void RepeatScan::UnmarkBreakers(const SamplingParams& params) {
  for (const std::vector<int32_t>& breaker : params.dry_breakers) {
    marks_[static_cast<size_t>(breaker.back())] = 0;
  }
}

// How many tokens follow the last breaker in the window, or `longest` if that
// is fewer.
size_t RepeatScan::TokensAfterBreaker(const SamplingParams& params,
                                      size_t window, size_t longest) const {
  if (params.dry_breakers.empty()) return longest;
  for (size_t i = 0; i < longest; ++i) {
    const uint8_t mark = marks_[static_cast<size_t>(reversed_[i])];
    if (mark & kAlone) return i;
    if (!(mark & kLast)) continue;
    for (const std::vector<int32_t>& breaker : params.dry_breakers) {
      if (breaker.size() <= window - i &&
          std::equal(breaker.rbegin(), breaker.rend(),
                     reversed_.begin() + static_cast<ptrdiff_t>(i))) {
        return i;
      }
    }
  }
  return longest;
}

}  // namespace inlay::sampling
