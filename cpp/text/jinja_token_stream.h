// Tokens with one cursor, shared by the two halves of the parser.
#ifndef INLAY_TEXT_JINJA_TOKEN_STREAM_H_
#define INLAY_TEXT_JINJA_TOKEN_STREAM_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cpp/text/jinja_lexer.h"

namespace inlay::text::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens)
      : tokens_(std::move(tokens)) {}

  // Past the end: the end.
  const Token& Look(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Position position() const { return Look().position; }
  void Next() { at_ = std::min(at_ + 1, tokens_.size() - 1); }
  Token Take() {
    Token token = Look();
    Next();
    return token;
  }

  bool IsName(std::string_view name, size_t ahead = 0) const {
    return Look(ahead).kind == TokenKind::kName && Look(ahead).text == name;
  }
  bool IsOperator(std::string_view op) const {
    return Look().kind == TokenKind::kOperator && Look().text == op;
  }
  bool IsKind(TokenKind kind) const { return Look().kind == kind; }
  bool SkipName(std::string_view name) {
    if (!IsName(name)) return false;
    Next();
    return true;
  }
  bool SkipOperator(std::string_view op) {
    if (!IsOperator(op)) return false;
    Next();
    return true;
  }

  Status Expect(std::string_view op) {
    return SkipOperator(op) ? OkStatus()
                            : Unexpected("'" + std::string(op) + "'");
  }
  Status ExpectKind(TokenKind kind, std::string_view what) {
    if (!IsKind(kind)) return Unexpected(what);
    Next();
    return OkStatus();
  }
  Status Unexpected(std::string_view wanted) const {
    const Token& token = Look();
    std::string found = token.kind == TokenKind::kEnd ? "the end"
                        : token.kind == TokenKind::kText ||
                                token.kind == TokenKind::kBlockBegin ||
                                token.kind == TokenKind::kVariableBegin
                            ? "the end of the tag"
                            : "'" + token.text + "'";
    return ErrorAt(token.position,
                   "expected " + std::string(wanted) + ", found " + found);
  }

 private:
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

}  // namespace inlay::text::jinja

#endif  // INLAY_TEXT_JINJA_TOKEN_STREAM_H_
