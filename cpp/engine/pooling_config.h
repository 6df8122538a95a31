// How the folder of a sentence model says that vectors are made.
#ifndef INLAY_ENGINE_POOLING_CONFIG_H_
#define INLAY_ENGINE_POOLING_CONFIG_H_

#include "cpp/base/status.h"
#include "cpp/io/folder.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::engine {

struct PoolingConfig {
  scheduler::Pooling pooling = scheduler::Pooling::kMean;
  bool normalize = true;
  // Why the model's own way cannot be gone; a host can still name another.
  Status status;
};

// From modules.json and the config.json of its pooling module. Without
// modules.json the mean, normalised. Fails only for what cannot be read.
StatusOr<PoolingConfig> ReadPoolingConfig(const io::Folder& folder);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_POOLING_CONFIG_H_
