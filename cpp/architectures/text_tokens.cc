#include "cpp/architectures/text_tokens.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace inlay::architectures {
namespace {

bool InName(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// Digits, and what else a number may have behind its first character.
bool InNumber(char c) { return InName(c) || c == '.' || c == '+' || c == '-'; }

size_t LengthOf(std::string_view text, bool (*belongs)(char)) {
  size_t size = 1;
  while (size < text.size() && belongs(text[size])) ++size;
  return size;
}

}  // namespace

Status TextError(const TextToken& at, std::string_view path,
                 std::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrCat("line ", at.line, ", column ", at.column, ": ", path,
                   path.empty() ? "" : ": ", problem));
}

void TextTokens::Advance(size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) {
    const bool ends = text_[at_ + i] == '\n';
    line_ += ends ? 1 : 0;
    column_ = ends ? 1 : column_ + 1;
  }
  at_ += bytes;
}

void TextTokens::SkipBlanks() {
  while (at_ < text_.size()) {
    if (text_[at_] == '#') {
      const size_t end = text_.find('\n', at_);
      Advance((end == text_.npos ? text_.size() : end) - at_);
    } else if (absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) {
      Advance(1);
    } else {
      return;
    }
  }
}

StatusOr<TextToken> TextTokens::String(TextToken token) {
  const char quote = text_[at_];
  size_t size = 1;
  for (;; ++size) {
    const char c = at_ + size < text_.size() ? text_[at_ + size] : '\n';
    if (c == quote) break;
    if (c == '\n') return TextError(token, "", "a string without an end");
    if (c == '\\' || !absl::ascii_isprint(static_cast<unsigned char>(c))) {
      return TextError(token, "", "a string may have printable ASCII alone");
    }
  }
  token.kind = TokenKind::kString;
  token.text = text_.substr(at_ + 1, size - 1);
  Advance(size + 1);
  return token;
}

StatusOr<TextToken> TextTokens::Next() {
  SkipBlanks();
  TextToken token;
  token.line = line_;
  token.column = column_;
  if (at_ == text_.size()) return token;
  const std::string_view rest = text_.substr(at_);
  const char c = rest[0];
  if (c == '"' || c == '\'') return String(token);
  size_t size = 1;
  if (absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' ||
      c == '.') {
    token.kind = TokenKind::kNumber;
    size = LengthOf(rest, InNumber);
  } else if (InName(c)) {
    token.kind = TokenKind::kName;
    size = LengthOf(rest, InName);
  } else if (std::string_view("{}[]:,;").find(c) != std::string_view::npos) {
    token.kind = TokenKind::kSymbol;
  } else {
    return TextError(token, "", "this character has no meaning here");
  }
  token.text = rest.substr(0, size);
  Advance(size);
  return token;
}

}  // namespace inlay::architectures
