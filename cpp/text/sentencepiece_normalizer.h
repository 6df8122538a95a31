// SentencePiece's normaliser (Kudo and Richardson, 2018): replacements by a
// table, blanks as marks.
#ifndef INLAY_TEXT_SENTENCEPIECE_NORMALIZER_H_
#define INLAY_TEXT_SENTENCEPIECE_NORMALIZER_H_

#include <optional>
#include <string>
#include <string_view>

#include "cpp/text/charsmap.h"
#include "cpp/text/token_matcher.h"

namespace inlay::text {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

struct SentencePieceRules {
  bool add_prefix = true;                 // a blank before the text
  bool remove_extra_whitespaces = false;  // those at the ends, and of a run
  bool escape_whitespaces = true;         // blanks become kSpaceMark
  bool whitespace_as_suffix = false;      // the blank stands behind the text
};

// Immutable; any thread.
class SentencePieceNormalizer {
 public:
  SentencePieceNormalizer(const SentencePieceRules& rules,
                          std::optional<Charsmap> map)
      : rules_(rules), map_(std::move(map)) {}

  // `text` is not empty. A symbol stays as it is written.
  void AddSymbol(std::string_view text, TokenId id) { symbols_.Add(text, id); }
  // Of the symbols, the longest that `text` has at `at`; id -1: none.
  TokenMatcher::Match SymbolAt(std::string_view text, size_t at) const {
    return symbols_.MatchAt(text, at);
  }

  // `text` is valid UTF-8, and so is the result. `prefix`: the blank before
  // the text may be added.
  StatusOr<std::string> Apply(std::string_view text, bool prefix) const;

  const SentencePieceRules& rules() const { return rules_; }

 private:
  Charsmap::Match Next(std::string_view text, size_t at) const;
  void TrimBack(std::string* out) const;
  std::string_view space() const {
    return rules_.escape_whitespaces ? kSpaceMark : " ";
  }

  const SentencePieceRules rules_;
  const std::optional<Charsmap> map_;
  TokenMatcher symbols_;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_SENTENCEPIECE_NORMALIZER_H_
