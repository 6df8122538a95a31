// Puts the operations of one encoder in order.
#ifndef INLAY_MODEL_ENCODER_BUILDER_H_
#define INLAY_MODEL_ENCODER_BUILDER_H_

#include <memory>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/hyperparameters.h"
#include "cpp/model/plan.h"

namespace inlay::model {

StatusOr<std::shared_ptr<const Plan>> BuildEncoderPlan(
    const architectures::Architecture& architecture,
    const Hyperparameters& hyperparameters, const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_ENCODER_BUILDER_H_
