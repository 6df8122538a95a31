#include "cpp/model/plan_builder.h"

#include <utility>

#include "cpp/model/decoder_parts.h"
#include "cpp/model/rope.h"

namespace inlay::model {
namespace {

void AddDecoderSlots(DecoderParts* parts) {
  parts->plan->architecture = parts->architecture.gguf_name();
  parts->plan->context_length = parts->hp.context_length;
  parts->plan->embedding_length = parts->hp.embedding_length;
  parts->plan->head_count = parts->hp.head_count;
  parts->plan->kv_head_count = parts->hp.kv_head_count;
  parts->plan->head_dim = parts->hp.head_dim;
  parts->slots.hidden = parts->AddSlot(parts->hp.embedding_length);
  parts->slots.normed = parts->AddSlot(parts->hp.embedding_length);
  parts->slots.qkv = parts->AddSlot(parts->QWidth() + 2 * parts->KvWidth());
  parts->slots.attended = parts->AddSlot(parts->QWidth());
  parts->slots.mlp = parts->AddSlot(parts->hp.feed_forward_length);
  if (parts->hp.residual_scale != 1.0f ||
      parts->architecture.attention().has_post_norm() ||
      parts->architecture.mlp().has_post_norm()) {
    parts->slots.added = parts->AddSlot(parts->hp.embedding_length);
  }
}

Status AddDecoderRopes(DecoderParts* parts) {
  Rope rope;
  if (!parts->hp.alibi) {
    INLAY_ASSIGN_OR_RETURN(
        rope, BuildRope(parts->architecture, parts->hp, parts->file));
  }
  parts->plan->ropes.push_back(std::move(rope));
  if (!parts->hp.unrotated_layers.empty()) {
    parts->unrotated = static_cast<int32_t>(parts->plan->ropes.size());
    parts->plan->ropes.push_back({});
  }
  const bool local =
      parts->architecture.attention().rope().unscaled_with_window();
  if (!local || parts->hp.sliding_window == 0) return OkStatus();
  Hyperparameters hp = parts->hp;
  if (hp.local_rope_base > 0.0f) hp.rope_base = hp.local_rope_base;
  parts->windowed = static_cast<int32_t>(parts->plan->ropes.size());
  parts->plan->ropes.push_back(
      BuildUnscaledRope(parts->architecture, hp, parts->file));
  return OkStatus();
}

// What attention adds is added where the MLP must not see it yet, or must.
Status AddDecoderLayer(DecoderParts* parts, int layer) {
  INLAY_RETURN_IF_ERROR(AddDecoderAttention(parts, layer));
  if (!parts->hp.parallel_residual) {
    INLAY_RETURN_IF_ERROR(AddDecoderAttentionResidual(parts, layer));
  }
  INLAY_RETURN_IF_ERROR(AddDecoderMlp(parts, layer));
  if (parts->hp.parallel_residual) {
    INLAY_RETURN_IF_ERROR(AddDecoderAttentionResidual(parts, layer));
  }
  return AddDecoderMlpResidual(parts, layer);
}

}  // namespace

StatusOr<std::shared_ptr<const Plan>> BuildPlan(
    const architectures::Architecture& architecture,
    const Hyperparameters& hyperparameters, const formats::ModelFile& file) {
  DecoderParts parts(architecture, hyperparameters, file);
  AddDecoderSlots(&parts);
  INLAY_RETURN_IF_ERROR(AddDecoderRopes(&parts));
  INLAY_RETURN_IF_ERROR(AddDecoderEmbedding(&parts));
  for (int layer = 0; layer < hyperparameters.block_count; ++layer) {
    INLAY_RETURN_IF_ERROR(AddDecoderLayer(&parts, layer));
  }
  INLAY_RETURN_IF_ERROR(AddDecoderHead(&parts));
  INLAY_RETURN_IF_ERROR(parts.tensors.CheckAllUsed());
  return std::shared_ptr<const Plan>(parts.plan);
}

}  // namespace inlay::model
