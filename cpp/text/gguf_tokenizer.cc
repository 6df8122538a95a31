#include "cpp/text/gguf_tokenizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/text/byte_bpe.h"
#include "cpp/text/check_vocabulary.h"
#include "cpp/text/pre_tokenizer.h"
#include "cpp/text/sentencepiece.h"
#include "cpp/text/word_piece.h"

namespace inlay::text {
namespace {

// The control or unknown token written `text`; -1 if there is none.
TokenId FindSpecial(const Vocabulary& vocabulary, std::string_view text) {
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const TokenKind kind = vocabulary.kinds[i];
    if ((kind == TokenKind::kControl || kind == TokenKind::kUnknown) &&
        vocabulary.tokens[i] == text) {
      return static_cast<TokenId>(i);
    }
  }
  return -1;
}

// A model that has no BOS cannot add one.
void SetEnds(bool adds_bos, Vocabulary* vocabulary) {
  vocabulary->add_bos =
      vocabulary->add_bos.value_or(adds_bos) && vocabulary->bos >= 0;
  vocabulary->add_eos =
      vocabulary->add_eos.value_or(false) && vocabulary->eos >= 0;
}

StatusOr<std::shared_ptr<const Tokenizer>> BuildByteBpe(Vocabulary vocabulary) {
  // Files older than the key have no name; "default" is what they mean.
  const std::string name =
      vocabulary.pre_tokenizer.empty() ? "default" : vocabulary.pre_tokenizer;
  INLAY_ASSIGN_OR_RETURN(PreTokenizer pre_tokenizer,
                         PreTokenizer::Create(name));
  SetEnds((pre_tokenizer.spec().flags & kAddsBos) != 0, &vocabulary);
  return ByteBpe::Create(std::move(vocabulary), std::move(pre_tokenizer));
}

StatusOr<std::shared_ptr<const Tokenizer>> BuildSentencePiece(
    Vocabulary vocabulary, bool unigram) {
  if (vocabulary.scores.empty()) {
    return absl::DataLossError("a SentencePiece vocabulary needs scores");
  }
  if (vocabulary.bos < 0) vocabulary.bos = FindSpecial(vocabulary, "<s>");
  if (vocabulary.eos < 0) vocabulary.eos = FindSpecial(vocabulary, "</s>");
  if (vocabulary.unk < 0) vocabulary.unk = FindSpecial(vocabulary, "<unk>");
  if (unigram) {
    // T5 ends a text and does not begin it.
    if (!vocabulary.add_eos.has_value()) vocabulary.add_eos = true;
    SetEnds(false, &vocabulary);
    return BuildSentencePieceUnigram(std::move(vocabulary));
  }
  SetEnds(true, &vocabulary);
  return BuildSentencePieceBpe(std::move(vocabulary));
}

}  // namespace

StatusOr<std::shared_ptr<const Tokenizer>> BuildTokenizer(
    Vocabulary vocabulary) {
  const std::string kind = vocabulary.kind;
  if (kind != "gpt2" && kind != "llama" && kind != "t5" && kind != "bert") {
    return absl::UnimplementedError(
        absl::StrCat("unknown tokenizer kind '", kind.substr(0, 100), "'"));
  }
  INLAY_RETURN_IF_ERROR(CheckVocabulary(vocabulary));
  if (vocabulary.kinds.empty()) {
    vocabulary.kinds.assign(vocabulary.tokens.size(), TokenKind::kNormal);
  }
  if (kind == "gpt2") return BuildByteBpe(std::move(vocabulary));
  if (kind == "bert") return BuildWordPiece(vocabulary);
  return BuildSentencePiece(std::move(vocabulary), kind == "t5");
}

}  // namespace inlay::text
