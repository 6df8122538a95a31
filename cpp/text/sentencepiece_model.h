// A tokenizer from a SentencePiece model in a Hugging Face folder.
#ifndef INLAY_TEXT_SENTENCEPIECE_MODEL_H_
#define INLAY_TEXT_SENTENCEPIECE_MODEL_H_

#include <memory>
#include <string_view>
#include <vector>

#include "cpp/text/hf_config.h"
#include "cpp/text/tokenizer.h"

namespace inlay::text {

// `file` is the content of tokenizer.model, spiece.model or the like. What ids
// the pieces have, and what stands around a text, is a matter of the
// tokenizer's class; kUnimplemented names one that is not known. Without a
// class it is that of Llama.
StatusOr<std::shared_ptr<const Tokenizer>> BuildSentencePieceTokenizer(
    std::string_view file, const HfConfig& config,
    const std::vector<int64_t>& end_ids);

}  // namespace inlay::text

#endif  // INLAY_TEXT_SENTENCEPIECE_MODEL_H_
