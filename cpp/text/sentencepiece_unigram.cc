// SentencePiece's Unigram (Kudo, 2018), over the pieces and scores of a
// vocabulary.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/sentencepiece.h"
#include "cpp/text/unigram_cuts.h"

namespace inlay::text {
namespace {

class SentencePieceUnigram final : public SentencePiece {
 public:
  SentencePieceUnigram(Vocabulary vocabulary, std::optional<Charsmap> map)
      : SentencePiece(std::move(vocabulary), "SentencePiece Unigram",
                      std::move(map)) {
    const std::vector<float>& scores = this->vocabulary().scores;
    float least = std::numeric_limits<float>::max();
    float most = std::numeric_limits<float>::lowest();
    for (TokenId id = 0; id < size(); ++id) {
      if (Kind(id) != TokenKind::kNormal || IsSymbol(id)) continue;
      least = std::min(least, scores[id]);
      most = std::max(most, scores[id]);
    }
    for (TokenId id = 0; id < size(); ++id) {
      const bool symbol = IsSymbol(id) || Kind(id) == TokenKind::kUserDefined;
      if (TokenText(id).empty() ||
          (!symbol && Kind(id) != TokenKind::kNormal)) {
        continue;
      }
      // A symbol is likelier than what it could be cut into.
      const float length = static_cast<float>(TokenText(id).size());
      cuts_.Add(TokenText(id), id,
                symbol ? static_cast<float>(double{length * most} - 0.1)
                       : scores[id]);
    }
    cuts_.set_unknown_score(least - static_cast<float>(kUnigramUnknownPenalty));
  }

 protected:
  Status EncodeNormalized(std::string_view text,
                          std::vector<TokenId>* ids) const override {
    const auto nodes = cuts_.Best(text);
    std::vector<size_t> ends;
    for (size_t end = text.size(); end > 0; end = nodes[end].begin) {
      ends.push_back(end);
    }
    bool after_unknown = false;
    for (size_t i = ends.size(); i-- > 0;) {
      const auto& node = nodes[ends[i]];
      if (node.id == UnigramCuts<float>::kUnknown) {
        INLAY_RETURN_IF_ERROR(
            AppendUnknown(text.substr(node.begin, ends[i] - node.begin),
                          &after_unknown, ids));
        continue;
      }
      ids->push_back(node.id);
      after_unknown = false;
    }
    return OkStatus();
  }

 private:
  UnigramCuts<float> cuts_;  // the reference adds in floats
};

}  // namespace

StatusOr<std::shared_ptr<const Tokenizer>> BuildSentencePieceUnigram(
    Vocabulary vocabulary) {
  size_t bytes = 0;
  for (const std::string& token : vocabulary.tokens) bytes += token.size();
  if (bytes > kMaxUnigramBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a Unigram vocabulary of ", bytes, " bytes"));
  }
  INLAY_ASSIGN_OR_RETURN(std::optional<Charsmap> map,
                         TakeCharsmap(&vocabulary));
  return std::make_shared<const SentencePieceUnigram>(std::move(vocabulary),
                                                      std::move(map));
}

}  // namespace inlay::text
