#include "cpp/text/hf_regex.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace inlay::text {
namespace {

constexpr size_t kMaxPatternBytes = 16 << 10;
// \w of Oniguruma: Alphabetic, M, Nd, Pc, Join_Control.
constexpr std::string_view kWord =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149})"
    R"(\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}\x{200C}\x{200D})";
// After a backslash these mean the same to both engines. \s and \S go on to
// Pattern, which spells them out.
constexpr std::string_view kSameEscapes = "dDpPtnrfv0xuAzZsS";

class Translator {
 public:
  Translator(std::string_view pattern, std::string_view path)
      : pattern_(pattern), path_(path) {}

  StatusOr<std::string> Run() {
    for (at_ = 0; at_ < pattern_.size(); ++at_) {
      const char c = pattern_[at_];
      if (c == '\\') {
        INLAY_RETURN_IF_ERROR(Escape());
        continue;
      }
      if (in_class_) {
        if (c == '[') return Unknown("a class inside a class");
        if (pattern_.substr(at_, 2) == "&&") return Unknown("&& in a class");
        if (c == ']') in_class_ = false;
      } else if (c == '[') {
        in_class_ = true;
        out_.push_back(c);
        // A bracket that comes first is a member.
        if (pattern_.substr(at_ + 1, 1) == "^") out_.push_back(pattern_[++at_]);
        if (pattern_.substr(at_ + 1, 1) == "]") {
          out_.append("\\]");
          ++at_;
        }
        continue;
      } else if (c == '(' && pattern_.substr(at_ + 1, 1) == "?") {
        INLAY_RETURN_IF_ERROR(CheckGroup());
      } else if (c == '(' && pattern_.substr(at_ + 1, 1) == "*") {
        return Unknown("(*");
      }
      out_.push_back(c);
    }
    return std::move(out_);
  }

 private:
  Status Unknown(std::string_view what) const {
    return absl::UnimplementedError(
        absl::StrCat(path_, ": ", what, " is not supported"));
  }

  Status CheckGroup() const {
    const std::string_view rest = pattern_.substr(at_ + 2, 2);
    const char c = rest.empty() ? ' ' : rest[0];
    const bool known = c == ':' || c == '=' || c == '!' || c == '>' ||
                       c == 'i' || c == '-' || rest == "<=" || rest == "<!";
    return known ? OkStatus() : Unknown(absl::StrCat("group (?", rest));
  }

  Status Escape() {
    if (at_ + 1 >= pattern_.size()) return Unknown("a backslash at the end");
    const char next = pattern_[++at_];
    const bool letter = (next >= 'a' && next <= 'z') ||
                        (next >= 'A' && next <= 'Z') ||
                        (next >= '0' && next <= '9');
    if (next == 'w') {
      absl::StrAppend(&out_, in_class_ ? "" : "[", kWord, in_class_ ? "" : "]");
    } else if (next == 'W' && !in_class_) {
      absl::StrAppend(&out_, "[^", kWord, "]");
    } else if (next == 'u') {
      const std::string_view digits = pattern_.substr(at_ + 1, 4);
      if (digits.size() < 4 ||
          digits.find_first_not_of("0123456789abcdefABCDEF") !=
              std::string_view::npos) {
        return Unknown("\\u without four digits");
      }
      absl::StrAppend(&out_, "\\x{", digits, "}");
      at_ += 4;
    } else if (letter && (kSameEscapes.find(next) == std::string_view::npos ||
                          (in_class_ && next == 'S'))) {
      return Unknown(absl::StrCat("\\", std::string(1, next)));
    } else {
      out_.append({'\\', next});
    }
    return OkStatus();
  }

  const std::string_view pattern_, path_;
  std::string out_;
  size_t at_ = 0;
  bool in_class_ = false;
};

}  // namespace

StatusOr<Pattern> CompileRegex(std::string_view pattern,
                               std::string_view path) {
  if (pattern.empty() || pattern.size() > kMaxPatternBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a pattern of ", pattern.size(),
                     " bytes, not of 1 to ", kMaxPatternBytes));
  }
  INLAY_ASSIGN_OR_RETURN(const std::string translated,
                         Translator(pattern, path).Run());
  StatusOr<Pattern> compiled = Pattern::Compile(translated, /*bytes=*/false);
  if (compiled.ok()) return compiled;
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": ", compiled.status().message()));
}

StatusOr<Pattern> ParsePattern(const json::Value& value) {
  std::string_view text;
  if (value["Regex"].present()) {
    INLAY_RETURN_IF_ERROR(value["Regex"].Get(&text));
    return CompileRegex(text, value["Regex"].path());
  }
  // "String", or a plain string in old files.
  const json::Value literal = value.is_string() ? value : value["String"];
  INLAY_RETURN_IF_ERROR(literal.Get(&text));
  std::string quoted;
  for (const char c : text) {
    const bool special = static_cast<unsigned char>(c) < 0x80 &&
                         !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                           (c >= 'a' && c <= 'z') || c < ' ' || c == ' ');
    if (special) quoted.push_back('\\');
    quoted.push_back(c);
  }
  return CompileRegex(quoted, literal.path());
}

}  // namespace inlay::text
