// WordPiece over the vocabulary of a GGUF file.
#ifndef INLAY_TEXT_WORD_PIECE_H_
#define INLAY_TEXT_WORD_PIECE_H_

#include <memory>

#include "cpp/base/status.h"
#include "cpp/text/tokenizer.h"
#include "cpp/text/vocabulary.h"

namespace inlay::text {

// `vocabulary` has passed CheckVocabulary and has kinds. Its tokens begin with
// U+2581 where a word begins. The file does not say whether the model tells
// capitals apart: it does if a token has a capital letter.
StatusOr<std::shared_ptr<const Tokenizer>> BuildWordPiece(
    const Vocabulary& vocabulary);

}  // namespace inlay::text

#endif  // INLAY_TEXT_WORD_PIECE_H_
