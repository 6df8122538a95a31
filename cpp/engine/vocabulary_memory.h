// How much memory a file's metadata and the tokenizer built from it take.
#ifndef INLAY_ENGINE_VOCABULARY_MEMORY_H_
#define INLAY_ENGINE_VOCABULARY_MEMORY_H_

#include <cstdint>

#include "cpp/formats/model_file.h"

namespace inlay::engine {

uint64_t VocabularyMemory(const formats::ModelFile& file);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_VOCABULARY_MEMORY_H_
