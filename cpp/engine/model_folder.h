// The parts of a model that a Hugging Face folder has beside its weights.
#ifndef INLAY_ENGINE_MODEL_FOLDER_H_
#define INLAY_ENGINE_MODEL_FOLDER_H_

#include <memory>

#include "cpp/formats/model_file.h"
#include "cpp/io/folder.h"
#include "cpp/text/chat_template.h"
#include "cpp/text/tokenizer.h"

namespace inlay::engine {

// From tokenizer.json, else from a SentencePiece model (tokenizer.model,
// spiece.model, sentencepiece.bpe.model) with added_tokens.json, with the
// meanings that tokenizer_config.json, special_tokens_map.json,
// generation_config.json and config.json give to tokens. kNotFound: there is
// neither.
StatusOr<std::shared_ptr<const text::Tokenizer>> OpenFolderTokenizer(
    const io::Folder& folder, const formats::ModelFile& file);

// From chat_template.jinja, else from tokenizer_config.json, else from
// chat_template.json. kNotFound: none of them has one.
StatusOr<std::shared_ptr<const text::ChatTemplate>> OpenFolderTemplate(
    const io::Folder& folder);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_MODEL_FOLDER_H_
