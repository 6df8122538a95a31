#include "cpp/text/jinja_lexer_tags.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

bool IsNameStart(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsDecimal(char c) { return c >= '0' && c <= '9'; }
bool IsNameByte(char c) { return IsNameStart(c) || IsDecimal(c); }

// Digits with single underscores between them; the offset behind them.
size_t Digits(std::string_view s, size_t at) {
  while (at < s.size()) {
    if (IsDecimal(s[at])) {
      ++at;
    } else if (s[at] == '_' && at + 1 < s.size() && IsDecimal(s[at + 1]) &&
               at > 0 && IsDecimal(s[at - 1])) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

std::string WithoutUnderscores(std::string_view text) {
  std::string out(text);
  out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
  return out;
}

constexpr std::string_view kOperators[] = {
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
    "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

Status Balance(std::string_view op, std::string* brackets) {
  const char c = op[0];
  if (c == '(' || c == '[' || c == '{') {
    brackets->push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
  } else if (c == ')' || c == ']' || c == '}') {
    if (brackets->empty() || brackets->back() != c) {
      return absl::InvalidArgumentError(absl::StrCat("unexpected '", op, "'"));
    }
    brackets->pop_back();
  }
  return OkStatus();
}

}  // namespace

size_t SkipSpaces(std::string_view text, size_t at) {
  while (at < text.size() && IsSpace(DecodeAt(text, at))) {
    at += CodePointSize(text, at);
  }
  return at;
}

// An integer, or a float if a fraction or an exponent with digits follows.
bool TagCursor::Number(size_t* at, Token* token) const {
  if (!IsDecimal(s_[*at])) return false;
  const size_t begin = *at;
  size_t end = Digits(s_, begin);
  token->kind = TokenKind::kInteger;
  if (s_[begin] == '0' && end == begin + 1 && end < s_.size() &&
      std::string_view("xXoObB").find(s_[end]) != std::string_view::npos) {
    size_t i = end + 1;
    while (i < s_.size() &&
           (absl::ascii_isxdigit(static_cast<unsigned char>(s_[i])) ||
            s_[i] == '_')) {
      ++i;
    }
    if (i > end + 1) end = i;
  } else {
    if (end + 1 < s_.size() && s_[end] == '.' && IsDecimal(s_[end + 1])) {
      token->kind = TokenKind::kFloat;
      end = Digits(s_, end + 1);
    }
    size_t e = end;
    if (e < s_.size() && (s_[e] == 'e' || s_[e] == 'E')) {
      ++e;
      if (e < s_.size() && (s_[e] == '+' || s_[e] == '-')) ++e;
      if (e < s_.size() && IsDecimal(s_[e])) {
        token->kind = TokenKind::kFloat;
        end = Digits(s_, e);
      }
    }
  }
  token->text = WithoutUnderscores(s_.substr(begin, end - begin));
  *at = end;
  return true;
}

Status TagCursor::QuotedString(size_t* at, Token* token) const {
  const char quote = s_[*at];
  size_t end = *at + 1;
  while (end < s_.size() && s_[end] != quote) {
    end += s_[end] == '\\' ? 2 : 1;
  }
  if (end >= s_.size()) {
    return absl::InvalidArgumentError("a string is not closed");
  }
  INLAY_ASSIGN_OR_RETURN(token->text,
                         Unescape(s_.substr(*at + 1, end - *at - 1)));
  token->kind = TokenKind::kString;
  *at = end + 1;
  return OkStatus();
}

Status TagCursor::Next(size_t* at, std::string* brackets, Token* token) const {
  const char c = s_[*at];
  if (IsNameStart(c)) {
    size_t end = *at;
    while (end < s_.size() && IsNameByte(s_[end]) &&
           !IsSpace(DecodeAt(s_, end))) {
      end += CodePointSize(s_, end);
    }
    token->kind = TokenKind::kName;
    token->text = std::string(s_.substr(*at, end - *at));
    *at = end;
    return OkStatus();
  }
  if (Number(at, token)) return OkStatus();
  if (c == '\'' || c == '"') return QuotedString(at, token);
  for (std::string_view op : kOperators) {
    if (s_.substr(*at, op.size()) != op) continue;
    token->kind = TokenKind::kOperator;
    token->text = std::string(op);
    *at += op.size();
    return Balance(op, brackets);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unexpected character '", std::string(1, c), "'"));
}

namespace {

int HexValue(char c) {
  if (IsDecimal(c)) return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// \xhh, \uhhhh, \Uhhhhhhhh: `digits` hexadecimal ones from `at`.
Status AppendHex(std::string_view text, size_t at, size_t digits,
                 std::string* out) {
  if (at + digits > text.size()) {
    return absl::InvalidArgumentError("an escape sequence is cut");
  }
  uint32_t value = 0;
  for (size_t i = at; i < at + digits; ++i) {
    const int digit = HexValue(text[i]);
    if (digit < 0 || value > 0xFFFFFFF) {
      return absl::InvalidArgumentError("a bad escape sequence");
    }
    value = value * 16 + static_cast<uint32_t>(digit);
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
    return absl::InvalidArgumentError("an escape that is not a character");
  }
  AppendCodePoint(value, out);
  return OkStatus();
}

// One to three octal digits; returns how many.
size_t AppendOctal(std::string_view text, size_t at, std::string* out) {
  uint32_t value = 0;
  size_t n = 0;
  while (n < 3 && at + n < text.size() && text[at + n] >= '0' &&
         text[at + n] <= '7') {
    value = value * 8 + static_cast<uint32_t>(text[at + n] - '0');
    ++n;
  }
  AppendCodePoint(value, out);
  return n;
}

}  // namespace

StatusOr<std::string> Unescape(std::string_view text) {
  constexpr std::string_view kFrom = "nrtabfv\\'\"";
  constexpr std::string_view kTo = "\n\r\t\a\b\f\v\\'\"";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    const size_t simple = kFrom.find(c);
    if (simple != std::string_view::npos) {
      out += kTo[simple];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      INLAY_RETURN_IF_ERROR(AppendHex(text, i + 1, digits, &out));
      i += digits;
    } else if (c >= '0' && c <= '7') {
      i += AppendOctal(text, i, &out) - 1;
    } else if (c == 'N') {
      return absl::UnimplementedError("the escape \\N");
    } else if (c != '\n') {  // an escaped newline joins lines
      out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace inlay::text::jinja
