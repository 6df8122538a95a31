// Puts the operations of an encoder and its decoder in order.
#ifndef INLAY_MODEL_ENCDEC_BUILDER_H_
#define INLAY_MODEL_ENCDEC_BUILDER_H_

#include <memory>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/hyperparameters.h"
#include "cpp/model/plan.h"

namespace inlay::model {

// A cache layer is one decoder layer's: where the encoder's input is, its
// pages hold k and v of cross-attention, and behind it those of
// self-attention. The encoder's own layers use the first one for a moment.
StatusOr<std::shared_ptr<const Plan>> BuildEncoderDecoderPlan(
    const architectures::Architecture& architecture,
    const Hyperparameters& hyperparameters, const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_ENCDEC_BUILDER_H_
