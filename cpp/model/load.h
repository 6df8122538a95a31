// From a model file to what can be run: vocabulary and Plan.
#ifndef INLAY_MODEL_LOAD_H_
#define INLAY_MODEL_LOAD_H_

#include <memory>
#include <string>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/plan.h"
#include "cpp/model/registered.h"

namespace inlay::model {

// Recognises the architecture by the file's metadata, reads hyperparameters,
// maps tensor names, checks every shape, and compiles the Plan.
// kUnimplemented: an architecture without a data file, or a feature of it;
// kDataLoss / kInvalidArgument: names the key or tensor that is missing,
// of the wrong type, shape or value.
//
// `embeds`: the plan of a decoder gives vectors of its last norm, not tokens.
// So it is in any case where config.json names a class without a head.
// `registered` are found before the built-in ones; null: none.
StatusOr<std::shared_ptr<const Plan>> CompilePlan(
    const formats::ModelFile& file, bool embeds = false,
    const Registered* registered = nullptr);

// Names of the built-in architectures as GGUF spells them.
std::vector<std::string> ArchitectureNames();

}  // namespace inlay::model

#endif  // INLAY_MODEL_LOAD_H_
