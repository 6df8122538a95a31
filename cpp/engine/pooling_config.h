// How the folder of a sentence model says that vectors are made.
#ifndef INLAY_ENGINE_POOLING_CONFIG_H_
#define INLAY_ENGINE_POOLING_CONFIG_H_

#include <cstdint>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/io/folder.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::engine {

// y = W x + b, and tanh where the module says so.
struct DenseLayer {
  int64_t in = 0, out = 0;
  std::vector<float> weight;  // [out, in]
  std::vector<float> bias;    // [out], or none
  bool tanh = false;
};

struct PoolingConfig {
  scheduler::Pooling pooling = scheduler::Pooling::kMean;
  bool normalize = true;
  bool found = false;             // modules.json is there: the model embeds
  std::vector<DenseLayer> dense;  // of the pooled vector, in order
  // Why the model's own way cannot be gone; a host can still name another.
  Status status;
};

// From modules.json and the config.json of its pooling module. Without
// modules.json the mean, normalised. Fails only for what cannot be read.
StatusOr<PoolingConfig> ReadPoolingConfig(const io::Folder& folder);

// From {arch}.pooling_type of GGUF: vectors are normalised. Without it, or with
// 0, the mean; found if a kind of vector is named.
PoolingConfig ReadPoolingType(const formats::ModelFile& file);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_POOLING_CONFIG_H_
