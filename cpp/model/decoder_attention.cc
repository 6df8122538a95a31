#include <utility>
#include <vector>

#include "cpp/model/alibi.h"
#include "cpp/model/decoder_parts.h"

namespace inlay::model {
namespace arch = architectures;

namespace {

int32_t Window(const DecoderParts* parts, int layer) {
  const size_t i = static_cast<size_t>(layer);
  const bool full =
      i < parts->hp.full_layers.size() && parts->hp.full_layers[i];
  return full ? 0 : parts->hp.sliding_window;
}

int32_t RopeOf(const DecoderParts* parts, int layer) {
  const size_t i = static_cast<size_t>(layer);
  const std::vector<bool>& unrotated = parts->hp.unrotated_layers;
  if (i < unrotated.size() && unrotated[i]) return parts->unrotated;
  return Window(parts, layer) > 0 ? parts->windowed : 0;
}

Status AddQkv(DecoderParts* parts, int layer) {
  const arch::Attention& names = parts->architecture.attention();
  LinearOp op{
      .in = names.has_norm() ? parts->slots.normed : parts->slots.hidden,
      .out = parts->slots.qkv,
      .clip = parts->hp.clip_qkv};
  const int64_t width = parts->hp.embedding_length;
  const bool fused =
      names.has_qkv() &&
      (!names.has_q() || parts->tensors.Has(names.qkv().weight(), layer));
  if (fused) {
    INLAY_RETURN_IF_ERROR(parts->AddPart(names.qkv(), layer,
                                         parts->QWidth() + 2 * parts->KvWidth(),
                                         width, &op));
  } else {
    INLAY_RETURN_IF_ERROR(
        parts->AddPart(names.q(), layer, parts->QWidth(), width, &op));
    INLAY_RETURN_IF_ERROR(
        parts->AddPart(names.k(), layer, parts->KvWidth(), width, &op));
    INLAY_RETURN_IF_ERROR(
        parts->AddPart(names.v(), layer, parts->KvWidth(), width, &op));
  }
  parts->plan->ops.push_back(std::move(op));
  return OkStatus();
}

// Norms of the heads that begin at `offset` of the qkv slot; none if the file
// has no weights for them.
Status AddHeadNorm(DecoderParts* parts, const arch::Norm& names, int layer,
                   int32_t offset, int32_t heads) {
  const arch::HeadNorms kind = parts->architecture.attention().head_norms();
  const bool row = kind == arch::HEAD_NORMS_WHOLE_ROW;
  const bool own = kind == arch::HEAD_NORMS_OWN;
  const int32_t dim = parts->hp.head_dim;
  HeadNormOp op{.slot = parts->slots.qkv,
                .offset = offset,
                .heads = row ? 1 : heads,
                .width = row ? heads * dim : dim,
                .kind = parts->Kind(),
                .weight_per_head = own,
                .epsilon = parts->hp.norm_epsilon};
  INLAY_ASSIGN_OR_RETURN(
      op.weight, own ? parts->tensors.Matrix(names.weight(), layer, heads, dim)
                     : parts->tensors.Vector(names.weight(), layer, op.width));
  if (op.weight < 0 && names.weight().optional()) return OkStatus();
  INLAY_ASSIGN_OR_RETURN(op.bias,
                         parts->tensors.Vector(names.bias(), layer, op.width));
  parts->plan->ops.push_back(op);
  return OkStatus();
}

Status AddHeadNorms(DecoderParts* parts, int layer) {
  const arch::Attention& names = parts->architecture.attention();
  if (names.head_norms() == arch::HEAD_NORMS_AFTER_ROTATION) return OkStatus();
  if (names.has_q_norm()) {
    INLAY_RETURN_IF_ERROR(
        AddHeadNorm(parts, names.q_norm(), layer, 0, parts->hp.head_count));
  }
  if (!names.has_k_norm()) return OkStatus();
  return AddHeadNorm(parts, names.k_norm(), layer, parts->QWidth(),
                     parts->hp.kv_head_count);
}

Status AddRotation(DecoderParts* parts, int layer) {
  const arch::Attention& names = parts->architecture.attention();
  RopeAppendOp op{.qkv = parts->slots.qkv,
                  .layer = layer,
                  .rope = RopeOf(parts, layer),
                  .norm_epsilon = parts->hp.norm_epsilon};
  if (names.head_norms() == arch::HEAD_NORMS_AFTER_ROTATION) {
    const int32_t dim = parts->hp.head_dim;
    INLAY_ASSIGN_OR_RETURN(
        op.q_norm, parts->tensors.Vector(names.q_norm().weight(), layer, dim));
    INLAY_ASSIGN_OR_RETURN(
        op.k_norm, parts->tensors.Vector(names.k_norm().weight(), layer, dim));
  }
  parts->plan->ops.push_back(op);
  return OkStatus();
}

}  // namespace

Status AddDecoderAttention(DecoderParts* parts, int layer) {
  const arch::Attention& names = parts->architecture.attention();
  if (names.has_norm()) {
    INLAY_RETURN_IF_ERROR(parts->AddNorm(
        names.norm(), layer, parts->slots.hidden, parts->slots.normed));
  }
  INLAY_RETURN_IF_ERROR(AddQkv(parts, layer));
  INLAY_RETURN_IF_ERROR(AddHeadNorms(parts, layer));
  parts->plan->cache_layers.push_back({.kv_head_count = parts->hp.kv_head_count,
                                       .key_dim = parts->hp.head_dim,
                                       .value_dim = parts->hp.head_dim});
  INLAY_RETURN_IF_ERROR(AddRotation(parts, layer));
  AttentionOp attention{.qkv = parts->slots.qkv,
                        .out = parts->slots.attended,
                        .layer = layer,
                        .scale = parts->hp.attention_scale,
                        .window = Window(parts, layer),
                        .softcap = parts->hp.attention_softcap};
  INLAY_ASSIGN_OR_RETURN(
      attention.sinks,
      parts->tensors.Vector(names.sinks(), layer, parts->hp.head_count));
  if (parts->hp.alibi) {
    attention.alibi_slopes =
        AlibiSlopes(parts->hp.head_count, parts->hp.alibi_bias_max,
                    names.alibi_times_scale() ? attention.scale : 1.0f);
  }
  parts->plan->ops.push_back(std::move(attention));
  return OkStatus();
}

Status AddDecoderAttentionResidual(DecoderParts* parts, int layer) {
  const arch::Attention& names = parts->architecture.attention();
  return parts->AddResidual(
      names.output(), layer, parts->slots.attended, parts->QWidth(),
      names.has_post_norm() ? &names.post_norm() : nullptr);
}

}  // namespace inlay::model
