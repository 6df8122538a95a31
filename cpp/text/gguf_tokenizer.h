// Builds a tokenizer from the vocabulary inside a GGUF file.
#ifndef INLAY_TEXT_GGUF_TOKENIZER_H_
#define INLAY_TEXT_GGUF_TOKENIZER_H_

#include <memory>

#include "cpp/base/status.h"
#include "cpp/text/tokenizer.h"
#include "cpp/text/vocabulary.h"

namespace inlay::text {

// kind "gpt2" (byte-level BPE), "llama" (SentencePiece BPE), "t5"
// (SentencePiece Unigram) or "bert" (WordPiece). Validates: ids of merges
// exist, special ids in range, no duplicate that would be ambiguous, scores
// finite. kUnimplemented names an unknown kind or pre-tokenizer; kDataLoss an
// inconsistent vocabulary.
StatusOr<std::shared_ptr<const Tokenizer>> BuildTokenizer(
    Vocabulary vocabulary);

}  // namespace inlay::text

#endif  // INLAY_TEXT_GGUF_TOKENIZER_H_
