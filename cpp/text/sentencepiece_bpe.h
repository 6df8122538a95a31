// SentencePiece's BPE (Kudo and Richardson 2018) with byte fallback, over the
// pieces and scores of a vocabulary.
#ifndef INLAY_TEXT_SENTENCEPIECE_BPE_H_
#define INLAY_TEXT_SENTENCEPIECE_BPE_H_

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/text/base_tokenizer.h"
#include "cpp/text/bpe_merge.h"

namespace inlay::text {

class SentencePieceBpe final : public BaseTokenizer {
 public:
  // `vocabulary` has passed CheckVocabulary and has scores.
  explicit SentencePieceBpe(Vocabulary vocabulary);

  bool strips_leading_space() const override { return adds_space_; }

 protected:
  Status EncodeStretch(std::string_view text,
                       std::vector<TokenId>* ids) const override;
  std::string PlainBytes(TokenId id) const override;

 private:
  TokenId FindPiece(std::string_view text) const;
  Status AppendUnknown(std::string_view text, bool* after_unknown,
                       std::vector<TokenId>* ids) const;

  bool adds_space_;
  size_t longest_ = 0;                 // bytes of the longest token
  std::array<TokenId, 256> byte_ids_;  // of the "<0xXX>"; -1: none
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_SENTENCEPIECE_BPE_H_
