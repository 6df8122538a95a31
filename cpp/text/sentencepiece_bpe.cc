// SentencePiece's BPE (Kudo and Richardson 2018) with byte fallback, over the
// pieces and scores of a vocabulary.
#include <algorithm>
#include <optional>
#include <utility>

#include "cpp/text/bpe_merge.h"
#include "cpp/text/sentencepiece.h"
#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

class SentencePieceBpe final : public SentencePiece {
 public:
  SentencePieceBpe(Vocabulary vocabulary, std::optional<Charsmap> map)
      : SentencePiece(std::move(vocabulary), "SentencePiece BPE",
                      std::move(map)) {
    for (TokenId id = 0; id < size(); ++id) {
      longest_ = std::max(longest_, TokenText(id).size());
    }
  }

 protected:
  Status EncodeNormalized(std::string_view text,
                          std::vector<TokenId>* ids) const override;

 private:
  TokenId FindPiece(std::string_view text) const;
  std::vector<BpeSymbol> Split(std::string_view text) const;

  size_t longest_ = 0;  // bytes of the longest token
};

// The token that ordinary text may become.
TokenId SentencePieceBpe::FindPiece(std::string_view text) const {
  if (text.size() > longest_) return -1;
  const TokenId id = Find(text);
  if (id < 0) return -1;
  const TokenKind kind = Kind(id);
  return kind == TokenKind::kNormal || kind == TokenKind::kUserDefined ? id
                                                                       : -1;
}

// Characters, and the symbols that are one by the vocabulary's word.
std::vector<BpeSymbol> SentencePieceBpe::Split(std::string_view text) const {
  std::vector<BpeSymbol> symbols;
  symbols.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const TokenMatcher::Match match = normalizer().SymbolAt(text, at);
    const size_t length =
        match.id >= 0 ? match.length : StepUtf8(text.substr(at)).length;
    const TokenId id =
        match.id >= 0 ? match.id : FindPiece(text.substr(at, length));
    symbols.push_back(
        {static_cast<uint32_t>(at), static_cast<uint32_t>(length), id, -1, -1});
    at += length;
  }
  LinkSymbols(&symbols);
  return symbols;
}

Status SentencePieceBpe::EncodeNormalized(std::string_view text,
                                          std::vector<TokenId>* ids) const {
  std::vector<BpeSymbol> symbols = Split(text);
  const bool has_symbols = !vocabulary().user_symbols.empty();
  const auto find = [&](const BpeSymbol& left,
                        const BpeSymbol& right) -> std::optional<BpeMerge> {
    if (has_symbols && (IsSymbol(left.id) || IsSymbol(right.id))) {
      return std::nullopt;
    }
    const TokenId id =
        FindPiece(text.substr(left.begin, left.length + right.length));
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
          text.substr(symbol.begin, symbol.length), &after_unknown, ids));
      continue;
    }
    ids->push_back(symbol.id);
    after_unknown = false;
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::shared_ptr<const Tokenizer>> BuildSentencePieceBpe(
    Vocabulary vocabulary) {
  INLAY_ASSIGN_OR_RETURN(std::optional<Charsmap> map,
                         TakeCharsmap(&vocabulary));
  return std::make_shared<const SentencePieceBpe>(std::move(vocabulary),
                                                  std::move(map));
}

}  // namespace inlay::text
