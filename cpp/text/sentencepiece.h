// What SentencePiece's BPE and Unigram have in common: the normaliser, the
// byte tokens, and text that has no token.
#ifndef INLAY_TEXT_SENTENCEPIECE_H_
#define INLAY_TEXT_SENTENCEPIECE_H_

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/text/base_tokenizer.h"
#include "cpp/text/sentencepiece_normalizer.h"

namespace inlay::text {

class SentencePiece : public BaseTokenizer {
 public:
  bool strips_leading_space() const override {
    return normalizer_.rules().add_prefix &&
           !normalizer_.rules().whitespace_as_suffix;
  }

 protected:
  // `vocabulary` has passed CheckVocabulary and has scores.
  SentencePiece(Vocabulary vocabulary, std::string description,
                std::optional<Charsmap> map);

  Status EncodeStretch(std::string_view text, bool first,
                       std::vector<TokenId>* ids) const override;
  std::string PlainBytes(TokenId id) const override;

  // Appends the ids of text as the normaliser leaves it, not empty.
  virtual Status EncodeNormalized(std::string_view text,
                                  std::vector<TokenId>* ids) const = 0;
  // A character without a token: its bytes, or else one "unknown" for all such
  // characters in a row.
  Status AppendUnknown(std::string_view text, bool* after_unknown,
                       std::vector<TokenId>* ids) const;
  bool IsSymbol(TokenId id) const;
  const SentencePieceNormalizer& normalizer() const { return normalizer_; }

 private:
  SentencePieceNormalizer normalizer_;
  std::array<TokenId, 256> byte_ids_;  // of the "<0xXX>"; -1: none
};

// kDataLoss if vocabulary.charsmap is no such table.
StatusOr<std::shared_ptr<const Tokenizer>> BuildSentencePieceBpe(
    Vocabulary vocabulary);
StatusOr<std::shared_ptr<const Tokenizer>> BuildSentencePieceUnigram(
    Vocabulary vocabulary);

// The table of *vocabulary, taken out of it; none if it has none.
StatusOr<std::optional<Charsmap>> TakeCharsmap(Vocabulary* vocabulary);

}  // namespace inlay::text

#endif  // INLAY_TEXT_SENTENCEPIECE_H_
