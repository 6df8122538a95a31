// Tensors in the form that a Plan needs, where a file stores another.
#ifndef INLAY_MODEL_DERIVED_TENSORS_H_
#define INLAY_MODEL_DERIVED_TENSORS_H_

#include <memory>

#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/registered.h"

namespace inlay::model {

// `file` itself if its architecture reads every tensor as it is stored. Else a
// file with the same metadata and names, in which the others have the shape
// and the type that the description gives them; their bytes are made as they
// are read. A file that CompilePlan would refuse is given back as it is.
// `registered` as there.
StatusOr<std::shared_ptr<const formats::ModelFile>> DeriveTensors(
    std::shared_ptr<const formats::ModelFile> file,
    const Registered* registered = nullptr);

}  // namespace inlay::model

#endif  // INLAY_MODEL_DERIVED_TENSORS_H_
