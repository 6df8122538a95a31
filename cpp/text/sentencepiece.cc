#include "cpp/text/sentencepiece.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_replace.h"

namespace inlay::text {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// The byte of "<0xXX>"; -1 if `text` is something else.
int ByteOfToken(std::string_view text) {
  if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>') {
    return -1;
  }
  const int high = HexDigit(text[3]), low = HexDigit(text[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

SentencePieceRules RulesOf(const Vocabulary& vocabulary) {
  SentencePieceRules rules;
  rules.add_prefix = vocabulary.add_space_prefix.value_or(true);
  rules.remove_extra_whitespaces = vocabulary.remove_extra_whitespaces;
  rules.escape_whitespaces = vocabulary.escape_whitespaces;
  rules.whitespace_as_suffix = vocabulary.whitespace_as_suffix;
  return rules;
}

}  // namespace

SentencePiece::SentencePiece(Vocabulary vocabulary, std::string description,
                             std::optional<Charsmap> map)
    : BaseTokenizer(std::move(vocabulary), std::move(description)),
      normalizer_(RulesOf(this->vocabulary()), std::move(map)) {
  byte_ids_.fill(-1);
  for (TokenId id = 0; id < size(); ++id) {
    if (Kind(id) != TokenKind::kByte) continue;
    const int byte = ByteOfToken(TokenText(id));
    if (byte >= 0) byte_ids_[byte] = id;
  }
  for (const TokenId id : this->vocabulary().user_symbols) {
    if (!TokenText(id).empty()) normalizer_.AddSymbol(TokenText(id), id);
  }
}

bool SentencePiece::IsSymbol(TokenId id) const {
  const std::vector<TokenId>& symbols = vocabulary().user_symbols;
  return std::binary_search(symbols.begin(), symbols.end(), id);
}

Status SentencePiece::AppendUnknown(std::string_view text, bool* after_unknown,
                                    std::vector<TokenId>* ids) const {
  const bool has_bytes = std::all_of(text.begin(), text.end(), [&](char c) {
    return byte_ids_[static_cast<uint8_t>(c)] >= 0;
  });
  if (has_bytes) {
    for (const char c : text) {
      ids->push_back(byte_ids_[static_cast<uint8_t>(c)]);
    }
    *after_unknown = false;
    return OkStatus();
  }
  if (unk() < 0) {
    return absl::InvalidArgumentError(
        "the vocabulary has no token for a character of the text");
  }
  if (!*after_unknown) ids->push_back(unk());
  *after_unknown = true;
  return OkStatus();
}

Status SentencePiece::EncodeStretch(std::string_view text, bool first,
                                    std::vector<TokenId>* ids) const {
  const bool prefix = first || !vocabulary().prefix_first_only;
  INLAY_ASSIGN_OR_RETURN(const std::string normalized,
                         normalizer_.Apply(text, prefix));
  return normalized.empty() ? OkStatus() : EncodeNormalized(normalized, ids);
}

std::string SentencePiece::PlainBytes(TokenId id) const {
  if (Kind(id) == TokenKind::kByte) {
    const int byte = ByteOfToken(TokenText(id));
    if (byte >= 0) return std::string(1, static_cast<char>(byte));
  }
  return absl::StrReplaceAll(TokenText(id), {{kSpaceMark, " "}});
}

StatusOr<std::optional<Charsmap>> TakeCharsmap(Vocabulary* vocabulary) {
  std::optional<Charsmap> map;
  if (vocabulary->charsmap.empty()) return map;
  INLAY_ASSIGN_OR_RETURN(
      map, Charsmap::Parse(vocabulary->charsmap, "precompiled_charsmap"));
  vocabulary->charsmap = std::string();
  return map;
}

}  // namespace inlay::text
