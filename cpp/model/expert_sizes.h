// Sizes of mixtures of experts.
#ifndef INLAY_MODEL_EXPERT_SIZES_H_
#define INLAY_MODEL_EXPERT_SIZES_H_

#include <cstdint>
#include <vector>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"

namespace inlay::model {

struct ExpertSizes {
  int32_t count = 0;          // 0: no layer has experts; at most 2^12
  int32_t used = 0;           // 1 .. min(count, 64)
  int32_t length = 0;         // 1 .. 2^22
  int32_t shared_length = 0;  // 0: none
  bool renormalize = false;
  float scale = 1.0f;
  int32_t group_count = 1;  // divides count
  int32_t groups_kept = 1;
  float jitter = 0.01f;
  std::vector<bool> layers;  // those that have experts, if count > 0
};

// kInvalidArgument naming a key that is missing or out of its bounds.
StatusOr<ExpertSizes> ReadExpertSizes(
    const architectures::Architecture& architecture,
    const formats::ModelFile& file, int32_t block_count,
    int32_t feed_forward_length);

}  // namespace inlay::model

#endif  // INLAY_MODEL_EXPERT_SIZES_H_
