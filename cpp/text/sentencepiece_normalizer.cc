#include "cpp/text/sentencepiece_normalizer.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cpp/text/hf_normalizer.h"
#include "cpp/text/utf8.h"

namespace inlay::text {

// What the text has at `at`, and what it becomes.
Charsmap::Match SentencePieceNormalizer::Next(std::string_view text,
                                              size_t at) const {
  const TokenMatcher::Match symbol = symbols_.MatchAt(text, at);
  if (symbol.id >= 0) return {symbol.length, text.substr(at, symbol.length)};
  const std::string_view rest = text.substr(at);
  if (map_.has_value()) {
    const Charsmap::Match match = map_->Longest(rest);
    if (match.length > 0) return match;
  }
  const size_t length = StepUtf8(rest).length;
  return {length, rest.substr(0, length)};
}

void SentencePieceNormalizer::TrimBack(std::string* out) const {
  while (absl::EndsWith(*out, space())) {
    out->resize(out->size() - space().size());
  }
}

StatusOr<std::string> SentencePieceNormalizer::Apply(std::string_view text,
                                                     bool prefix) const {
  size_t at = 0;
  while (rules_.remove_extra_whitespaces && at < text.size()) {
    const Charsmap::Match match = Next(text, at);
    if (match.text != " ") break;
    at += match.length;
  }
  std::string out;
  if (at == text.size()) return out;
  prefix = prefix && rules_.add_prefix;
  if (prefix && !rules_.whitespace_as_suffix) out.append(space());
  bool after_space = rules_.remove_extra_whitespaces;
  while (at < text.size()) {
    Charsmap::Match match = Next(text, at);
    at += match.length;
    while (after_space && absl::ConsumePrefix(&match.text, " ")) {
    }
    if (match.text.empty()) continue;
    for (const char c : match.text) {
      if (c == ' ') {
        out.append(space());
      } else {
        out.push_back(c);
      }
    }
    after_space = rules_.remove_extra_whitespaces && match.text.back() == ' ';
    if (out.size() > kMaxNormalizedBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("normalising the text gives more than ",
                       kMaxNormalizedBytes, " bytes"));
    }
  }
  if (rules_.remove_extra_whitespaces) TrimBack(&out);
  if (prefix && rules_.whitespace_as_suffix) out.append(space());
  if (map_.has_value() && FindInvalidUtf8(out) != std::string_view::npos) {
    return absl::DataLossError(
        "the normalizer's table gives text that is not UTF-8");
  }
  return out;
}

}  // namespace inlay::text
