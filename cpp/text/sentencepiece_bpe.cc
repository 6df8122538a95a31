#include "cpp/text/sentencepiece_bpe.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_replace.h"
#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

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

std::vector<BpeSymbol> SplitCharacters(std::string_view text) {
  std::vector<BpeSymbol> symbols;
  symbols.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = StepUtf8(text.substr(at)).length;
    symbols.push_back(
        {static_cast<uint32_t>(at), static_cast<uint32_t>(length), -1, -1, -1});
    at += length;
  }
  LinkSymbols(&symbols);
  return symbols;
}

}  // namespace

SentencePieceBpe::SentencePieceBpe(Vocabulary vocabulary)
    : BaseTokenizer(std::move(vocabulary), "SentencePiece BPE"),
      adds_space_(this->vocabulary().add_space_prefix.value_or(true)) {
  byte_ids_.fill(-1);
  for (TokenId id = 0; id < size(); ++id) {
    longest_ = std::max(longest_, TokenText(id).size());
    if (Kind(id) != TokenKind::kByte) continue;
    const int byte = ByteOfToken(TokenText(id));
    if (byte >= 0) byte_ids_[byte] = id;
  }
}

// The token that ordinary text may become.
TokenId SentencePieceBpe::FindPiece(std::string_view text) const {
  if (text.size() > longest_) return -1;
  const TokenId id = Find(text);
  if (id < 0) return -1;
  const TokenKind kind = Kind(id);
  return kind == TokenKind::kNormal || kind == TokenKind::kUserDefined ? id
                                                                       : -1;
}

// A character without a token: its bytes, or else one "unknown" for all such
// characters in a row.
Status SentencePieceBpe::AppendUnknown(std::string_view text,
                                       bool* after_unknown,
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

Status SentencePieceBpe::EncodeStretch(std::string_view text,
                                       std::vector<TokenId>* ids) const {
  std::string escaped(adds_space_ ? kSpaceMark : std::string_view());
  escaped += absl::StrReplaceAll(text, {{" ", kSpaceMark}});
  const std::string_view all = escaped;
  std::vector<BpeSymbol> symbols = SplitCharacters(all);
  for (BpeSymbol& symbol : symbols) {
    symbol.id = FindPiece(all.substr(symbol.begin, symbol.length));
  }
  const auto find = [&](const BpeSymbol& left,
                        const BpeSymbol& right) -> std::optional<BpeMerge> {
    const TokenId id =
        FindPiece(all.substr(left.begin, left.length + right.length));
    if (id < 0) return std::nullopt;
    return BpeMerge{-double{vocabulary().scores[id]}, id};
  };
  std::vector<BpeCandidate> heap;
  MergeSymbols(find, &symbols, &heap);
  bool after_unknown = false;
  for (const BpeSymbol& symbol : symbols) {
    if (symbol.length == 0) continue;
    if (symbol.id < 0) {
      INLAY_RETURN_IF_ERROR(AppendUnknown(
          all.substr(symbol.begin, symbol.length), &after_unknown, ids));
      continue;
    }
    ids->push_back(symbol.id);
    after_unknown = false;
  }
  return OkStatus();
}

std::string SentencePieceBpe::PlainBytes(TokenId id) const {
  if (Kind(id) == TokenKind::kByte) {
    const int byte = ByteOfToken(TokenText(id));
    if (byte >= 0) return std::string(1, static_cast<char>(byte));
  }
  return absl::StrReplaceAll(TokenText(id), {{kSpaceMark, " "}});
}

}  // namespace inlay::text
