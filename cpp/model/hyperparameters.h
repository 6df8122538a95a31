// The numbers of one model, read from its file by the architecture's keys.
#ifndef INLAY_MODEL_HYPERPARAMETERS_H_
#define INLAY_MODEL_HYPERPARAMETERS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/expert_sizes.h"

namespace inlay::model {

// All within the bounds that ReadHyperparameters states, so that products of
// two of them fit an int64 and a slot width fits an int32.
struct Hyperparameters {
  int32_t context_length = 0;       // 1 .. 2^27
  int32_t embedding_length = 0;     // 1 .. 2^20
  int32_t block_count = 0;          // 1 .. 1024
  int32_t feed_forward_length = 0;  // 1 .. 2^22
  int32_t head_count = 0;           // 1 .. 2^14
  int32_t kv_head_count = 0;        // divides head_count
  int32_t head_dim = 0;             // 1 .. 2^14
  float norm_epsilon = 0.0f;        // 0 <= e < 1
  float rope_base = 0.0f;           // > 0 if the architecture rotates
  int32_t rope_dimensions = 0;      // even, <= head_dim
  int32_t sliding_window = 0;       // 0: none
  std::vector<bool> full_layers;    // without the window; empty: none
  std::optional<bool> tied_embeddings;
  float embedding_scale = 1.0f;  // these four finite, > 0
  float residual_scale = 1.0f;
  float attention_scale = 1.0f;
  float logit_divisor = 1.0f;
  std::vector<bool> unrotated_layers;  // block_count, or empty: none
  float local_rope_base = 0.0f;        // of layers with a window; 0: rope_base
  float attention_softcap = 0.0f;      // these two finite, >= 0; 0: none
  float logit_softcap = 0.0f;
  int32_t position_offset = 0;  // the learned position of the first token
  ExpertSizes experts;
  bool parallel_residual = false;
  bool alibi = false;  // then nothing rotates
  float alibi_bias_max = 8.0f;
  float clip_qkv = 0.0f;  // 0: q, k and v are left as they are
};

// kInvalidArgument or kDataLoss naming the key that is missing, of another
// type, or out of its bounds; kUnimplemented for per-layer arrays.
StatusOr<Hyperparameters> ReadHyperparameters(
    const architectures::Architecture& architecture,
    const formats::ModelFile& file);

}  // namespace inlay::model

#endif  // INLAY_MODEL_HYPERPARAMETERS_H_
