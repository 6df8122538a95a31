// Splits a template into text and the tokens of its tags, with white space
// controlled as under trim_blocks and lstrip_blocks.
#ifndef INLAY_TEXT_JINJA_LEXER_H_
#define INLAY_TEXT_JINJA_LEXER_H_

#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::text::jinja {

struct Position {
  int line = 1;
  int column = 1;  // in bytes
};

enum class TokenKind : uint8_t {
  kText,           // outside tags
  kBlockBegin,     // {%
  kBlockEnd,       // %}
  kVariableBegin,  // {{
  kVariableEnd,    // }}
  kName,
  kString,  // text: after escapes
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  Position position;
};

// The last token is kEnd. Errors: kInvalidArgument with line and column.
StatusOr<std::vector<Token>> Tokenize(std::string_view source);

// "line 3, column 7: <message>" under `code`.
Status ErrorAt(Position position, std::string_view message,
               absl::StatusCode code = absl::StatusCode::kInvalidArgument);

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_LEXER_H_
