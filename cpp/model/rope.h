// Frequencies of rotary position encoding, with the scaling a file asks for.
#ifndef INLAY_MODEL_ROPE_H_
#define INLAY_MODEL_ROPE_H_

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/hyperparameters.h"
#include "cpp/model/plan.h"

namespace inlay::model {

// By rope_base alone, whatever scaling the file has.
Rope BuildUnscaledRope(const architectures::Architecture& architecture,
                       const Hyperparameters& hp,
                       const formats::ModelFile& file);

// Knows: none, "linear" (Chen et al., 2023), "yarn" (Peng et al., 2023), and
// per-pair divisors stored as a tensor (Llama 3). kUnimplemented names any
// other kind.
StatusOr<Rope> BuildRope(const architectures::Architecture& architecture,
                         const Hyperparameters& hyperparameters,
                         const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_ROPE_H_
