// Tokens that stand in text as they are written, with their borders.
#ifndef INLAY_TEXT_HF_ADDED_TOKENS_H_
#define INLAY_TEXT_HF_ADDED_TOKENS_H_

#include <string_view>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/text/token_matcher.h"

namespace inlay::text {

struct AddedToken {
  TokenId id = -1;
  bool single_word = false;  // only where no word character is beside it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and behind
};

// A part of a text: a token, or text between tokens (id -1).
struct AddedPart {
  size_t begin, end;
  TokenId id;
};

class AddedTokens {
 public:
  // `text` is not empty. The first of equal ones wins.
  void Add(std::string_view text, const AddedToken& token);
  // Parts that cover `text` in order; none is empty but tokens may be next to
  // each other.
  std::vector<AddedPart> Split(std::string_view text) const;

 private:
  TokenMatcher matcher_;
  HashMap<TokenId, AddedToken> tokens_;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_ADDED_TOKENS_H_
