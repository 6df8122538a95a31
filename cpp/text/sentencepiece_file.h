// The file of a SentencePiece model, a protocol buffer (Kudo and Richardson,
// 2018; fields by sentencepiece_model.proto).
#ifndef INLAY_TEXT_SENTENCEPIECE_FILE_H_
#define INLAY_TEXT_SENTENCEPIECE_FILE_H_

#include <string_view>

#include "cpp/base/status.h"
#include "cpp/text/vocabulary.h"

namespace inlay::text {

inline constexpr uint64_t kMaxSentencePieceBytes = uint64_t{64} << 20;

struct SentencePieceFile {
  Vocabulary vocabulary;  // not checked; it says nothing of added tokens
  bool unigram = true;    // else BPE
};

// kDataLoss names what is broken, kUnimplemented a model that is neither BPE
// nor Unigram.
StatusOr<SentencePieceFile> ParseSentencePieceFile(std::string_view file);

}  // namespace inlay::text

#endif  // INLAY_TEXT_SENTENCEPIECE_FILE_H_
