// A folder in the layout of Hugging Face: config.json and safetensors.
#ifndef INLAY_FORMATS_HUGGING_FACE_H_
#define INLAY_FORMATS_HUGGING_FACE_H_

#include <memory>

#include "cpp/formats/model_file.h"
#include "cpp/io/folder.h"

namespace inlay::formats {

// Reads config.json into metadata, generation_config.json into metadata under
// "generation_config.", and the tensor tables of model.safetensors or of the
// files that model.safetensors.index.json lists. Nothing in the folder is
// executed, and nothing outside it is opened. Errors name the file and the
// value; their codes are those of ReadSafetensors and AppendJsonMetadata.
StatusOr<std::shared_ptr<const ModelFile>> OpenHuggingFace(
    const io::Folder& folder);

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_HUGGING_FACE_H_
