// What all tokenizers have in common: the table of tokens, the tokens that
// are matched as written, and the ends of a sequence.
#ifndef INLAY_TEXT_BASE_TOKENIZER_H_
#define INLAY_TEXT_BASE_TOKENIZER_H_

#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/text/token_matcher.h"
#include "cpp/text/tokenizer.h"
#include "cpp/text/vocabulary.h"

namespace inlay::text {

class BaseTokenizer : public Tokenizer {
 public:
  StatusOr<std::vector<TokenId>> Encode(
      std::string_view text, const EncodeOptions& options) const final;
  std::string TokenBytes(TokenId id, bool special) const final;
  StatusOr<std::string> Decode(std::span<const TokenId> ids,
                               bool special) const final;

  int32_t size() const final {
    return static_cast<int32_t>(vocabulary_.tokens.size());
  }
  std::string_view TokenText(TokenId id) const final {
    return Contains(id) ? std::string_view(vocabulary_.tokens[id])
                        : std::string_view();
  }
  TokenKind Kind(TokenId id) const final {
    return Contains(id) ? vocabulary_.kinds[id] : TokenKind::kUnused;
  }
  TokenId Find(std::string_view token_text) const final;

  TokenId bos() const final { return vocabulary_.bos; }
  TokenId eos() const final { return vocabulary_.eos; }
  TokenId unk() const final { return vocabulary_.unk; }
  TokenId pad() const final { return vocabulary_.pad; }
  std::span<const TokenId> end_ids() const final { return end_ids_; }
  bool adds_bos() const final { return vocabulary_.add_bos.value_or(false); }
  bool adds_eos() const final { return vocabulary_.add_eos.value_or(false); }
  bool strips_leading_space() const override { return false; }
  std::string_view description() const final { return description_; }

 protected:
  // `vocabulary` has passed CheckVocabulary and names whether it adds BOS and
  // EOS.
  BaseTokenizer(Vocabulary vocabulary, std::string description);

  // Appends the ids of `text`, which is not empty and has no added token.
  // `first`: the whole text begins with it.
  virtual Status EncodeStretch(std::string_view text, bool first,
                               std::vector<TokenId>* ids) const = 0;
  // The bytes of an ordinary token.
  virtual std::string PlainBytes(TokenId id) const = 0;

  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  bool Contains(TokenId id) const { return id >= 0 && id < size(); }
  void AddMatchers();

  Vocabulary vocabulary_;
  std::string description_;
  HashMap<std::string_view, TokenId> ids_;  // views vocabulary_
  TokenMatcher user_defined_;               // always matched
  TokenMatcher with_special_;               // these and control tokens
  std::vector<TokenId> end_ids_;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_BASE_TOKENIZER_H_
