// The text form of a description, cut into tokens.
#ifndef INLAY_ARCHITECTURES_TEXT_TOKENS_H_
#define INLAY_ARCHITECTURES_TEXT_TOKENS_H_

#include <cstddef>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay::architectures {

enum class TokenKind { kEnd, kName, kNumber, kString, kSymbol };

struct TextToken {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // of a string: what stands between its quotes
  int line = 1;
  int column = 1;  // in bytes

  bool Is(char symbol) const {
    return kind == TokenKind::kSymbol && text[0] == symbol;
  }
};

// "line 3, column 7: path: problem", kInvalidArgument.
Status TextError(const TextToken& at, std::string_view path,
                 std::string_view problem);

// White space and comments (# to the end of the line) stand between tokens.
class TextTokens {
 public:
  // The text must outlive this and its tokens.
  explicit TextTokens(std::string_view text) : text_(text) {}

  // The next one, or why there is none.
  StatusOr<TextToken> Next();

 private:
  void SkipBlanks();
  void Advance(size_t bytes);
  StatusOr<TextToken> String(TextToken token);

  const std::string_view text_;
  size_t at_ = 0;
  int line_ = 1;
  int column_ = 1;
};

}  // namespace inlay::architectures

#endif  // INLAY_ARCHITECTURES_TEXT_TOKENS_H_
