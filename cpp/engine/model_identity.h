// Which model a saved conversation belongs to.
#ifndef INLAY_ENGINE_MODEL_IDENTITY_H_
#define INLAY_ENGINE_MODEL_IDENTITY_H_

#include <cstdint>

#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"

namespace inlay::engine {

// A checksum of the metadata, of the table of tensors, and of the first and
// last bytes of each tensor: two files that agree in these are taken for the
// same weights. Reads about 128 bytes per tensor.
StatusOr<uint64_t> ModelIdentity(const formats::ModelFile& file);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_MODEL_IDENTITY_H_
