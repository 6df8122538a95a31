// Finds tokens that stand in text as they are written.
#ifndef INLAY_TEXT_TOKEN_MATCHER_H_
#define INLAY_TEXT_TOKEN_MATCHER_H_

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/text/tokenizer.h"

namespace inlay::text {

// A trie over the added tokens of a vocabulary. Takes O(text x longest
// token), whatever their number.
class TokenMatcher {
 public:
  // `text` must not be empty. The first token of equal ones wins.
  void Add(std::string_view text, TokenId id);

  struct Match {
    size_t begin, length;
    TokenId id;  // -1: none
  };
  // The leftmost match at or behind `from`; of those, the longest.
  Match FindNext(std::string_view text, size_t from) const;

  // The longest match that begins at `at`.
  Match MatchAt(std::string_view text, size_t at) const;

  bool empty() const { return ends_.size() == 1; }

 private:
  HashMap<uint64_t, uint32_t> edges_;  // node, byte -> node
  std::vector<TokenId> ends_ = {-1};   // of each node
  std::array<bool, 256> starts_{};
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_TOKEN_MATCHER_H_
