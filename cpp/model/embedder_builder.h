// Plans of decoders that give vectors.
#ifndef INLAY_MODEL_EMBEDDER_BUILDER_H_
#define INLAY_MODEL_EMBEDDER_BUILDER_H_

#include <memory>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/hyperparameters.h"
#include "cpp/model/plan.h"

namespace inlay::model {

// The decoder's plan up to its last norm, of all rows, and a pool of these in
// the place of the head, which the file need not have. Attention stays causal:
// kUnimplemented for a file that says otherwise.
StatusOr<std::shared_ptr<const Plan>> BuildEmbedderPlan(
    const architectures::Architecture& architecture,
    Hyperparameters hyperparameters, const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_EMBEDDER_BUILDER_H_
