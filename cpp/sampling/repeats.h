// Where the end of a request's history occurred before in it. Private to
// cpp/sampling.
#ifndef INLAY_SAMPLING_REPEATS_H_
#define INLAY_SAMPLING_REPEATS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpp/sampling/params.h"

namespace inlay::sampling {

// The time of each function is linear in the history it looks at.
class RepeatScan {
 public:
  // Looks at the last `window` tokens of prompt and generated together.
  void Scan(std::span<const int32_t> prompt, std::span<const int32_t> generated,
            size_t window);

  // Calls visit(token) for every token that ends an earlier n-gram whose other
  // tokens are the last of the history; some more than once.
  template <typename Visit>
  void VisitNgramEnds(size_t n, Visit visit) const {
    for (size_t i = 1; i <= reversed_.size(); ++i) {
      if (Length(i) + 1 >= n) visit(reversed_[i - 1]);
    }
  }

  // Calls visit(token, length) for each earlier place whose tokens repeat the
  // last `length` of the history, at least params.dry_allowed_length, and
  // where `token` came next; for some tokens more than once. `params` and the
  // history are of a vocabulary of this size.
  template <typename Visit>
  void VisitRepetitions(const SamplingParams& params, int32_t vocabulary_size,
                        Visit visit) {
    const size_t window = Window(params.dry_last_n);
    const size_t allowed = AllowedLength(params);
    const size_t longest = LongestRepetition(window);
    if (longest < allowed) return;
    MarkBreakers(params, vocabulary_size);
    const size_t limit = TokensAfterBreaker(params, window, longest);
    for (size_t i = 1; i < window && limit >= allowed; ++i) {
      const size_t length = std::min({Length(i), window - i, limit});
      const int32_t token = reversed_[i - 1];
      if (length >= allowed && !IsBreaker(token)) visit(token, length);
    }
    UnmarkBreakers(params);
  }

  static size_t AllowedLength(const SamplingParams& params) {
    return static_cast<size_t>(params.dry_allowed_length == 0
                                   ? kDefaultDryAllowedLength
                                   : params.dry_allowed_length);
  }

 private:
  // Of the common suffix of the history and of what ends before its last `i`
  // tokens.
  size_t Length(size_t i) const {
    return i < lengths_.size() ? static_cast<size_t>(lengths_[i]) : 0;
  }
  size_t Window(int32_t last_n) const {
    return last_n == 0
               ? reversed_.size()
               : std::min(reversed_.size(), static_cast<size_t>(last_n));
  }
  bool IsBreaker(int32_t token) const {
    return !marks_.empty() && (marks_[static_cast<size_t>(token)] & kAlone);
  }
  size_t LongestRepetition(size_t window) const;
  void MarkBreakers(const SamplingParams& params, int32_t vocabulary_size);
  void UnmarkBreakers(const SamplingParams& params);
  size_t TokensAfterBreaker(const SamplingParams& params, size_t window,
                            size_t longest) const;

  static constexpr uint8_t kAlone = 1;  // is a breaker by itself
  static constexpr uint8_t kLast = 2;   // ends a longer one

  std::vector<int32_t> reversed_;  // the history, last token first
  std::vector<int32_t> lengths_;   // see Length
  std::vector<uint8_t> marks_;     // per token; zeros between calls, or empty
};

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_REPEATS_H_
