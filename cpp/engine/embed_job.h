// Inputs of an encoder that become vectors, each whole in one step.
#ifndef INLAY_ENGINE_EMBED_JOB_H_
#define INLAY_ENGINE_EMBED_JOB_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/scheduler/step_plan.h"

namespace inlay::engine {

// Lives on the stack of the caller, who waits for `done`.
struct EmbedJob {
  std::vector<std::vector<int32_t>> inputs;
  std::vector<std::vector<int32_t>> types;  // none: all 0
  int64_t tokens = 0;                       // of all inputs
  float* out = nullptr;                     // inputs.size() * width
  int64_t width = 0;
  scheduler::Pooling pooling = scheduler::Pooling::kMean;
  bool normalize = false;
  size_t finished = 0;   // inputs, the first ones
  size_t in_flight = 0;  // those that follow
  bool cancelled = false;
  bool done = false;
  Status status;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_EMBED_JOB_H_
