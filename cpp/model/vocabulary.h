// The vocabulary that a model file carries.
#ifndef INLAY_MODEL_VOCABULARY_H_
#define INLAY_MODEL_VOCABULARY_H_

#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/text/vocabulary.h"

namespace inlay::model {

// Reads tokenizer.ggml.* (specification: ggml-org/ggml, docs/gguf.md). Checks
// types and counts; what the values mean together is the tokenizer's to judge.
// kNotFound: no vocabulary; kInvalidArgument names a key of the wrong type;
// kDataLoss: arrays that do not belong together.
StatusOr<text::Vocabulary> ReadVocabulary(const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_VOCABULARY_H_
