#include "cpp/text/jinja_lexer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_lexer_tags.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

// \r\n and \r become \n; one newline at the end is dropped.
std::string NormalizeNewlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
      continue;
    }
    out += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : s_(source), source_(source) {}

  StatusOr<std::vector<Token>> Run();

 private:
  // A tag that opens at begin; its inside starts at inside.
  struct Opening {
    size_t begin = std::string_view::npos;
    size_t inside = 0;
    char kind = 0;  // '{', '%', '#' or 'r' for raw
    char sign = 0;  // '-', '+' or 0
  };

  Opening FindOpening(size_t from) const;
  size_t RawBegin(size_t inside) const;
  void EmitText(const Opening& opening);
  // Removes what the opening tag's sign and lstrip_blocks remove.
  std::string_view TrimBefore(std::string_view text, char kind,
                              char sign) const;
  Status SkipComment();
  Status LexRaw();
  Status LexTag(bool variable);
  void EndTag(size_t size, bool strip, bool trim_newline);
  void SkipSpace();
  void Add(TokenKind kind, std::string text, size_t at);
  Position PositionOf(size_t at);

  std::string_view s_;
  TagCursor source_;
  size_t at_ = 0;
  bool line_starting_ = true;
  std::vector<Token> tokens_;
  Position known_;
  size_t known_at_ = 0;
};

// Positions are asked for in ascending order, mostly.
Position Lexer::PositionOf(size_t at) {
  if (at < known_at_) known_at_ = 0, known_ = {};
  for (; known_at_ < at; ++known_at_) {
    if (s_[known_at_] == '\n') {
      ++known_.line;
      known_.column = 1;
    } else {
      ++known_.column;
    }
  }
  return known_;
}

void Lexer::Add(TokenKind kind, std::string text, size_t at) {
  tokens_.push_back({kind, std::move(text), PositionOf(at)});
}

// Where "raw -%}" ends if that is what follows, or npos.
size_t Lexer::RawBegin(size_t inside) const {
  size_t i = SkipSpaces(s_, inside);
  if (s_.substr(i, 3) != "raw") return std::string_view::npos;
  i = SkipSpaces(s_, i + 3);
  if (s_.substr(i, 2) == "%}") return i + 2;
  if (s_.substr(i, 3) == "-%}") return SkipSpaces(s_, i + 3);
  return std::string_view::npos;
}

Lexer::Opening Lexer::FindOpening(size_t from) const {
  Opening opening;
  for (size_t i = s_.find('{', from); i != std::string_view::npos;
       i = s_.find('{', i + 1)) {
    const char kind = i + 1 < s_.size() ? s_[i + 1] : '\0';
    if (kind != '{' && kind != '%' && kind != '#') continue;
    opening.begin = i;
    opening.kind = kind;
    opening.inside = i + 2;
    if (opening.inside < s_.size() &&
        (s_[opening.inside] == '-' || s_[opening.inside] == '+')) {
      opening.sign = s_[opening.inside++];
    }
    if (kind == '%') {
      const size_t raw = RawBegin(opening.inside);
      if (raw != std::string_view::npos) {
        opening.kind = 'r';
        opening.inside = raw;
      }
    }
    return opening;
  }
  return opening;
}

std::string_view Lexer::TrimBefore(std::string_view text, char kind,
                                   char sign) const {
  if (sign == '-') return StripRight(text);
  if (sign == '+' || kind == '{') return text;
  const size_t newline = text.rfind('\n');
  const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  if (start == 0 && !line_starting_) return text;
  if (!StripLeft(text.substr(start)).empty()) return text;
  return text.substr(0, start);
}

void Lexer::EmitText(const Opening& opening) {
  const std::string_view text = TrimBefore(s_.substr(at_, opening.begin - at_),
                                           opening.kind, opening.sign);
  if (!text.empty()) Add(TokenKind::kText, std::string(text), at_);
  at_ = opening.inside;
  line_starting_ = s_[at_ - 1] == '\n';
}

// Moves behind a closing delimiter of `size` bytes.
void Lexer::EndTag(size_t size, bool strip, bool trim_newline) {
  at_ += size;
  if (strip) {
    at_ = SkipSpaces(s_, at_);
  } else if (trim_newline && at_ < s_.size() && s_[at_] == '\n') {
    ++at_;
  }
  line_starting_ = s_[at_ - 1] == '\n';
}

Status Lexer::SkipComment() {
  const size_t end = s_.find("#}", at_);
  if (end == std::string_view::npos) {
    if (at_ >= s_.size()) return OkStatus();  // nothing follows: nothing lost
    return ErrorAt(PositionOf(at_), "a comment is not closed");
  }
  // A sign before the end belongs to the tag.
  const char sign = end > at_ ? s_[end - 1] : '\0';
  at_ = end;
  EndTag(2, sign == '-', sign != '+');
  return OkStatus();
}

Status Lexer::LexRaw() {
  for (size_t i = s_.find("{%", at_); i != std::string_view::npos;
       i = s_.find("{%", i + 1)) {
    size_t inside = i + 2;
    char sign = 0;
    if (inside < s_.size() && (s_[inside] == '-' || s_[inside] == '+')) {
      sign = s_[inside++];
    }
    inside = SkipSpaces(s_, inside);
    if (s_.substr(inside, 6) != "endraw") continue;
    inside = SkipSpaces(s_, inside + 6);
    const bool signed_end =
        s_.substr(inside, 3) == "-%}" || s_.substr(inside, 3) == "+%}";
    if (!signed_end && s_.substr(inside, 2) != "%}") continue;
    const std::string_view text =
        TrimBefore(s_.substr(at_, i - at_), 'r', sign);
    if (!text.empty()) Add(TokenKind::kText, std::string(text), at_);
    at_ = inside;
    EndTag(signed_end ? 3 : 2, signed_end && s_[inside] == '-', !signed_end);
    return OkStatus();
  }
  if (at_ >= s_.size()) return OkStatus();
  return ErrorAt(PositionOf(at_), "a raw block is not closed");
}

Status Lexer::LexTag(bool variable) {
  const std::string_view close = variable ? "}}" : "%}";
  std::string brackets;  // a closing delimiter inside them does not count
  while (true) {
    at_ = SkipSpaces(s_, at_);
    if (at_ >= s_.size()) {
      return ErrorAt(PositionOf(at_), "a tag is not closed");
    }
    const size_t begin = at_;
    if (brackets.empty()) {
      const char c = s_[at_];
      const bool strip = c == '-' && s_.substr(at_ + 1, 2) == close;
      const bool keep = c == '+' && !variable && s_.substr(at_ + 1, 2) == close;
      if (strip || keep || s_.substr(at_, 2) == close) {
        EndTag(strip || keep ? 3 : 2, strip, !variable && !strip && !keep);
        Add(variable ? TokenKind::kVariableEnd : TokenKind::kBlockEnd,
            std::string(close), begin);
        return OkStatus();
      }
    }
    Token token;
    Status status = source_.Next(&at_, &brackets, &token);
    token.position = PositionOf(begin);
    if (!status.ok())
      return ErrorAt(token.position, status.message(), status.code());
    tokens_.push_back(std::move(token));
  }
}

StatusOr<std::vector<Token>> Lexer::Run() {
  while (true) {
    Opening opening = FindOpening(at_);
    if (opening.begin == std::string_view::npos) break;
    EmitText(opening);
    const size_t begin = opening.begin;
    if (opening.kind == '#') {
      INLAY_RETURN_IF_ERROR(SkipComment());
    } else if (opening.kind == 'r') {
      INLAY_RETURN_IF_ERROR(LexRaw());
    } else {
      const bool variable = opening.kind == '{';
      Add(variable ? TokenKind::kVariableBegin : TokenKind::kBlockBegin, "",
          begin);
      INLAY_RETURN_IF_ERROR(LexTag(variable));
    }
  }
  if (at_ < s_.size()) {
    Add(TokenKind::kText, std::string(s_.substr(at_)), at_);
  }
  Add(TokenKind::kEnd, "", s_.size());
  return std::move(tokens_);
}

}  // namespace

Status ErrorAt(Position position, std::string_view message,
               absl::StatusCode code) {
  return Status(code, absl::StrCat("line ", position.line, ", column ",
                                   position.column, ": ", message));
}

StatusOr<std::vector<Token>> Tokenize(std::string_view source) {
  if (!IsValidUtf8(source)) {
    return absl::InvalidArgumentError("the template is not valid UTF-8");
  }
  const std::string normalized = NormalizeNewlines(source);
  return Lexer(normalized).Run();
}

}  // namespace inlay::text::jinja
