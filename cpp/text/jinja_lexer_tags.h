// The tokens inside {{ }} and {% %}.
#ifndef INLAY_TEXT_JINJA_LEXER_TAGS_H_
#define INLAY_TEXT_JINJA_LEXER_TAGS_H_

#include <string>
#include <string_view>

#include "cpp/text/jinja_lexer.h"

namespace inlay::text::jinja {

// The offset of the first byte from `at` that is not white space.
size_t SkipSpaces(std::string_view text, size_t at);

class TagCursor {
 public:
  explicit TagCursor(std::string_view source) : s_(source) {}

  // Reads the token at *at (no white space, before the end) and moves behind
  // it. *brackets is the stack of open ones.
  Status Next(size_t* at, std::string* brackets, Token* token) const;

 private:
  bool Number(size_t* at, Token* token) const;
  Status QuotedString(size_t* at, Token* token) const;

  std::string_view s_;
};

// The value of a string literal's inside. Fails on an escape that is cut or
// not a code point.
StatusOr<std::string> Unescape(std::string_view text);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_LEXER_TAGS_H_
