// Byte-level BPE (Sennrich et al. 2016; Radford et al. 2019).
#ifndef INLAY_TEXT_BYTE_BPE_H_
#define INLAY_TEXT_BYTE_BPE_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/hash_map.h"
#include "cpp/text/base_tokenizer.h"
#include "cpp/text/bpe_merge.h"
#include "cpp/text/pre_tokenizer.h"

namespace inlay::text {

class ByteBpe final : public BaseTokenizer {
 public:
  // `vocabulary` has passed CheckVocabulary. kDataLoss if a merge names or
  // makes a token that does not exist.
  static StatusOr<std::shared_ptr<const ByteBpe>> Create(
      Vocabulary vocabulary, PreTokenizer pre_tokenizer);

 protected:
  Status EncodeStretch(std::string_view text, bool first,
                       std::vector<TokenId>* ids) const override;
  std::string PlainBytes(TokenId id) const override;

 private:
  struct Scratch {
    std::vector<BpeSymbol> symbols;
    std::vector<BpeCandidate> heap;
    std::string letters;
  };

  ByteBpe(Vocabulary vocabulary, PreTokenizer pre_tokenizer);
  Status AddMerges(const std::vector<std::string>& merges);
  TokenId WholePiece(std::string_view piece, std::string* letters) const;
  void EncodePiece(std::string_view piece, Scratch* scratch,
                   std::vector<TokenId>* ids) const;

  PreTokenizer pre_tokenizer_;
  std::array<TokenId, 256> byte_ids_;   // -1: not in the vocabulary
  HashMap<uint64_t, BpeMerge> merges_;  // by left and right id
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_BYTE_BPE_H_
