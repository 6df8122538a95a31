// Which architecture a file is of.
#ifndef INLAY_MODEL_FIND_ARCHITECTURE_H_
#define INLAY_MODEL_FIND_ARCHITECTURE_H_

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/registered.h"
#include "google/protobuf/arena.h"

namespace inlay::model {

// By general.architecture of GGUF, or by the first of "architectures", else
// "model_type", of config.json. Those of `registered`, which may be null, come
// before the built-in ones. The result lives on `arena`. kUnimplemented names
// an architecture without a data file.
StatusOr<const architectures::Architecture*> FindArchitecture(
    const formats::ModelFile& file, google::protobuf::Arena* arena,
    const Registered* registered = nullptr);

// Whether config.json names a decoder's class without a head ("LlamaModel").
// FindArchitecture takes it for the one with a head.
bool IsHeadless(const architectures::Architecture& architecture,
                const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_FIND_ARCHITECTURE_H_
