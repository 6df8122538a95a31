// How a file says that rotary frequencies are scaled.
#ifndef INLAY_MODEL_ROPE_SCALING_H_
#define INLAY_MODEL_ROPE_SCALING_H_

#include <string>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/hyperparameters.h"

namespace inlay::model {

struct RopeScaling {
  std::string type = "none";  // or "linear", "yarn", "llama3", another
  double factor = 1.0;
  double original_context = 0.0;
  double magnitude = 1.0;                        // of cos and sin
  double beta_fast = 32.0, beta_slow = 1.0;      // YaRN; defaults of the paper
  bool truncate = true;                          // YaRN: whole dimensions
  double low_frequency = 1, high_frequency = 4;  // Llama 3
};

// From {arch}.rope.scaling.* of GGUF, or from rope_scaling or rope_parameters
// of config.json. kInvalidArgument names a key that is missing, of another
// type or out of its bounds.
StatusOr<RopeScaling> ReadRopeScaling(
    const architectures::Architecture& architecture, const Hyperparameters& hp,
    const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_ROPE_SCALING_H_
