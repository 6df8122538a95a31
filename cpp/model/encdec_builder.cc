#include "cpp/model/encdec_builder.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/model/encdec_parameters.h"
#include "cpp/model/relative_buckets.h"
#include "cpp/model/tensor_map.h"

namespace inlay::model {
namespace {

namespace arch = architectures;

Activation ActivationOf(arch::Activation activation) {
  switch (activation) {
    case arch::ACTIVATION_SILU:
      return Activation::kSilu;
    case arch::ACTIVATION_GELU:
      return Activation::kGelu;
    case arch::ACTIVATION_GELU_TANH:
      return Activation::kGeluTanh;
    case arch::ACTIVATION_RELU:
      return Activation::kRelu;
    default:
      return Activation::kNone;
  }
}

class EncoderDecoderBuilder {
 public:
  EncoderDecoderBuilder(const arch::Architecture& architecture,
                        const Hyperparameters& hp, EncoderDecoderParameters own,
                        const formats::ModelFile& file)
      : architecture_(architecture),
        parts_(architecture.encoder_decoder()),
        hp_(hp),
        own_(std::move(own)),
        plan_(std::make_shared<Plan>()),
        tensors_(architecture, file, plan_.get()) {}

  StatusOr<std::shared_ptr<const Plan>> Build() {
    AddShape();
    INLAY_RETURN_IF_ERROR(FindTable());
    INLAY_RETURN_IF_ERROR(AddEncoder());
    plan_->encoder_op_count = static_cast<int32_t>(plan_->ops.size());
    INLAY_RETURN_IF_ERROR(AddDecoder());
    INLAY_RETURN_IF_ERROR(AddHead());
    INLAY_RETURN_IF_ERROR(tensors_.CheckAllUsed());
    return std::shared_ptr<const Plan>(std::move(plan_));
  }

 private:
  SlotId AddSlot(int32_t width) {
    plan_->slot_widths.push_back(width);
    return static_cast<SlotId>(plan_->slot_widths.size() - 1);
  }

  int32_t QWidth() const { return hp_.head_count * hp_.head_dim; }
  int32_t KvWidth() const { return hp_.kv_head_count * hp_.head_dim; }

  void AddShape() {
    plan_->architecture = architecture_.gguf_name();
    plan_->encoder_context_length = hp_.context_length;
    plan_->context_length = 2 * hp_.context_length;
    plan_->embedding_length = hp_.embedding_length;
    plan_->head_count = hp_.head_count;
    plan_->kv_head_count = hp_.kv_head_count;
    plan_->head_dim = hp_.head_dim;
    plan_->decoder_start = own_.decoder_start;
    plan_->ropes.push_back({});
    for (int32_t layer = 0; layer < own_.decoder_block_count; ++layer) {
      plan_->cache_layers.push_back({.kv_head_count = hp_.kv_head_count,
                                     .key_dim = hp_.head_dim,
                                     .value_dim = hp_.head_dim});
    }
    hidden_ = AddSlot(hp_.embedding_length);
    normed_ = parts_.norms_after() ? hidden_ : AddSlot(hp_.embedding_length);
    qkv_ = AddSlot(QWidth() + 2 * KvWidth());
    cross_q_ = AddSlot(QWidth());
    cross_kv_ = AddSlot(2 * KvWidth());
    attended_ = AddSlot(QWidth());
    mlp_ = AddSlot(hp_.feed_forward_length);
    encoder_mlp_ = own_.encoder_feed_forward_length == hp_.feed_forward_length
                       ? mlp_
                       : AddSlot(own_.encoder_feed_forward_length);
  }

  Status FindTable() {
    INLAY_ASSIGN_OR_RETURN(
        table_, tensors_.Matrix(architecture_.embedding().tokens(), -1, 0,
                                hp_.embedding_length));
    if (table_ < 0) {
      return absl::UnimplementedError(
          absl::StrCat("architecture ", architecture_.gguf_name(),
                       " is not known in this kind of file"));
    }
    const Weight& table = plan_->weights[static_cast<size_t>(table_)];
    if (table.rows > std::numeric_limits<int32_t>::max() / 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", table.name, " has ", table.rows,
                       " rows, more than a vocabulary can have"));
    }
    plan_->vocabulary_size = static_cast<int32_t>(table.rows);
    for (const int32_t id : own_.decoder_start) {
      if (id < plan_->vocabulary_size) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("the decoder begins with token ", id,
                       ", and the vocabulary has ", table.rows));
    }
    return OkStatus();
  }

  Status AddEmbedding(const arch::Tensor& positions, const arch::Norm* norm) {
    EmbedOp op{.out = hidden_, .table = table_, .scale = hp_.embedding_scale};
    if (own_.scaled_embedding) {
      op.scale *= std::sqrt(static_cast<float>(hp_.embedding_length));
    }
    const auto offset =
        static_cast<int32_t>(architecture_.embedding().first_position());
    INLAY_ASSIGN_OR_RETURN(
        op.positions,
        tensors_.Matrix(positions, -1, int64_t{hp_.context_length} + offset,
                        hp_.embedding_length));
    if (op.positions >= 0) op.position_offset = offset;
    plan_->ops.push_back(op);
    return norm == nullptr ? OkStatus() : AddNorm(*norm, -1, hidden_, hidden_);
  }

  Status AddNorm(const arch::Norm& names, int layer, SlotId in, SlotId out) {
    NormOp op{.in = in,
              .out = out,
              .kind = architecture_.norm_kind() == arch::NORM_LAYER
                          ? NormKind::kLayer
                          : NormKind::kRms,
              .weight = -1,
              .bias = -1,
              .epsilon = hp_.norm_epsilon};
    INLAY_ASSIGN_OR_RETURN(op.weight, tensors_.Vector(names.weight(), layer,
                                                      hp_.embedding_length));
    INLAY_ASSIGN_OR_RETURN(
        op.bias, tensors_.Vector(names.bias(), layer, hp_.embedding_length));
    plan_->ops.push_back(op);
    return OkStatus();
  }
  // In front of a part of a layer, or after it.
  Status AddNormBefore(const arch::Norm& names, int layer) {
    return parts_.norms_after() ? OkStatus()
                                : AddNorm(names, layer, hidden_, normed_);
  }
  Status AddNormAfter(const arch::Norm& names, int layer) {
    return parts_.norms_after() ? AddNorm(names, layer, hidden_, hidden_)
                                : OkStatus();
  }

  Status AddPart(const arch::Linear& names, int layer, int64_t rows,
                 int64_t columns, LinearOp* op) {
    INLAY_ASSIGN_OR_RETURN(
        const WeightId weight,
        tensors_.Matrix(names.weight(), layer, rows, columns));
    INLAY_ASSIGN_OR_RETURN(const WeightId bias,
                           tensors_.Vector(names.bias(), layer, rows));
    op->weights.push_back(weight);
    op->biases.push_back(bias);
    return OkStatus();
  }

  Status AddResidual(const arch::Linear& names, int layer, SlotId in,
                     int64_t columns) {
    LinearOp op{.in = in, .out = hidden_, .residual = true};
    INLAY_RETURN_IF_ERROR(
        AddPart(names, layer, hp_.embedding_length, columns, &op));
    plan_->ops.push_back(std::move(op));
    return OkStatus();
  }

  float Scale() const {
    return parts_.unscaled()
               ? 1.0f
               : 1.0f / std::sqrt(static_cast<float>(hp_.head_dim));
  }

  // One weight for all layers of a part.
  Status FindBias(const arch::Attention& names, bool encoder) {
    bias_ = -1;
    buckets_.clear();
    if (own_.relative_buckets == 0) return OkStatus();
    INLAY_ASSIGN_OR_RETURN(
        bias_, tensors_.Matrix(names.relative_bias(), 0, own_.relative_buckets,
                               hp_.head_count));
    if (bias_ < 0) return OkStatus();
    buckets_ =
        RelativeBuckets(own_.relative_buckets, own_.relative_distance, encoder);
    return OkStatus();
  }

  Status AddSelfAttention(const arch::Attention& names, int layer,
                          bool encoder) {
    const int64_t width = hp_.embedding_length;
    INLAY_RETURN_IF_ERROR(AddNormBefore(names.norm(), layer));
    LinearOp qkv{.in = normed_, .out = qkv_};
    INLAY_RETURN_IF_ERROR(AddPart(names.q(), layer, QWidth(), width, &qkv));
    INLAY_RETURN_IF_ERROR(AddPart(names.k(), layer, KvWidth(), width, &qkv));
    INLAY_RETURN_IF_ERROR(AddPart(names.v(), layer, KvWidth(), width, &qkv));
    plan_->ops.push_back(std::move(qkv));
    const int32_t cache = encoder ? 0 : layer;
    plan_->ops.push_back(RopeAppendOp{.qkv = qkv_, .layer = cache, .rope = 0});
    plan_->ops.push_back(AttentionOp{.qkv = qkv_,
                                     .out = attended_,
                                     .layer = cache,
                                     .scale = Scale(),
                                     .bidirectional = encoder,
                                     .bias = bias_,
                                     .buckets = buckets_});
    INLAY_RETURN_IF_ERROR(
        AddResidual(names.output(), layer, attended_, QWidth()));
    return AddNormAfter(names.norm(), layer);
  }

  Status AddCrossAttention(int layer) {
    const arch::Attention& names = parts_.cross();
    INLAY_RETURN_IF_ERROR(AddNormBefore(names.norm(), layer));
    LinearOp q{.in = normed_, .out = cross_q_};
    INLAY_RETURN_IF_ERROR(
        AddPart(names.q(), layer, QWidth(), hp_.embedding_length, &q));
    plan_->ops.push_back(std::move(q));
    plan_->ops.push_back(AttentionOp{.qkv = cross_q_,
                                     .out = attended_,
                                     .layer = layer,
                                     .scale = Scale(),
                                     .cross = true});
    INLAY_RETURN_IF_ERROR(
        AddResidual(names.output(), layer, attended_, QWidth()));
    return AddNormAfter(names.norm(), layer);
  }

  Status AddMlp(const arch::Mlp& names, int layer, int32_t inner, SlotId slot) {
    const int64_t width = hp_.embedding_length;
    INLAY_RETURN_IF_ERROR(AddNormBefore(names.norm(), layer));
    LinearOp up{.in = normed_,
                .out = slot,
                .activation = ActivationOf(names.activation())};
    INLAY_ASSIGN_OR_RETURN(
        const WeightId gate,
        tensors_.Matrix(names.gate().weight(), layer, inner, width));
    if (gate >= 0) {
      up.gated = true;
      up.weights = {gate};
      up.biases = {-1};
    }
    const bool plain = gate < 0 && names.has_without_gate();
    const arch::Mlp& form = plain ? names.without_gate() : names;
    up.activation = ActivationOf(form.activation());
    INLAY_RETURN_IF_ERROR(AddPart(form.up(), layer, inner, width, &up));
    plan_->ops.push_back(std::move(up));
    INLAY_RETURN_IF_ERROR(AddResidual(names.down(), layer, slot, inner));
    return AddNormAfter(names.norm(), layer);
  }

  Status AddEncoder() {
    INLAY_RETURN_IF_ERROR(AddEmbedding(
        parts_.positions(),
        parts_.has_embedding_norm() ? &parts_.embedding_norm() : nullptr));
    INLAY_RETURN_IF_ERROR(FindBias(parts_.attention(), /*encoder=*/true));
    for (int layer = 0; layer < own_.encoder_block_count; ++layer) {
      INLAY_RETURN_IF_ERROR(AddSelfAttention(parts_.attention(), layer, true));
      INLAY_RETURN_IF_ERROR(AddMlp(
          parts_.mlp(), layer, own_.encoder_feed_forward_length, encoder_mlp_));
    }
    if (parts_.has_final_norm()) {
      INLAY_RETURN_IF_ERROR(AddNorm(parts_.final_norm(), -1, hidden_, normed_));
    }
    for (int layer = 0; layer < own_.decoder_block_count; ++layer) {
      INLAY_RETURN_IF_ERROR(AddCrossKeys(layer));
    }
    return OkStatus();
  }

  // What the decoder's layer will see of the encoder's output.
  Status AddCrossKeys(int layer) {
    const arch::Attention& names = parts_.cross();
    const int64_t width = hp_.embedding_length;
    LinearOp kv{.in = normed_, .out = cross_kv_};
    INLAY_RETURN_IF_ERROR(AddPart(names.k(), layer, KvWidth(), width, &kv));
    INLAY_RETURN_IF_ERROR(AddPart(names.v(), layer, KvWidth(), width, &kv));
    plan_->ops.push_back(std::move(kv));
    plan_->ops.push_back(RopeAppendOp{
        .qkv = cross_kv_, .layer = layer, .rope = 0, .cross = true});
    return OkStatus();
  }

  Status AddDecoder() {
    INLAY_RETURN_IF_ERROR(AddEmbedding(architecture_.embedding().positions(),
                                       parts_.has_decoder_embedding_norm()
                                           ? &parts_.decoder_embedding_norm()
                                           : nullptr));
    INLAY_RETURN_IF_ERROR(
        FindBias(architecture_.attention(), /*encoder=*/false));
    for (int layer = 0; layer < own_.decoder_block_count; ++layer) {
      INLAY_RETURN_IF_ERROR(
          AddSelfAttention(architecture_.attention(), layer, false));
      INLAY_RETURN_IF_ERROR(AddCrossAttention(layer));
      INLAY_RETURN_IF_ERROR(
          AddMlp(architecture_.mlp(), layer, hp_.feed_forward_length, mlp_));
    }
    return OkStatus();
  }

  Status AddHead() {
    const arch::Head& names = architecture_.head();
    SlotId last = AddSlot(hp_.embedding_length);
    plan_->ops.push_back(SelectRowsOp{.in = hidden_, .out = last});
    if (names.has_norm()) {
      const SlotId normed = AddSlot(hp_.embedding_length);
      INLAY_RETURN_IF_ERROR(AddNorm(names.norm(), -1, last, normed));
      last = normed;
    }
    HeadOp head{.in = last, .weight = -1};
    if (hp_.tied_embeddings.value_or(false)) {
      tensors_.Ignore(names.output().weight());
    } else {
      INLAY_ASSIGN_OR_RETURN(
          head.weight,
          tensors_.Matrix(names.output().weight(), -1, plan_->vocabulary_size,
                          hp_.embedding_length));
    }
    const bool tied = head.weight < 0;
    if (tied) head.weight = table_;
    if (architecture_.hyperparameters().has_scaled_logits() &&
        own_.scaled_logits.value_or(tied)) {
      head.scale = 1.0f / std::sqrt(static_cast<float>(hp_.embedding_length));
    }
    INLAY_ASSIGN_OR_RETURN(head.bias, tensors_.Vector(names.output().bias(), -1,
                                                      plan_->vocabulary_size));
    plan_->ops.push_back(head);
    return OkStatus();
  }

  const arch::Architecture& architecture_;
  const arch::EncoderDecoder& parts_;
  const Hyperparameters& hp_;
  const EncoderDecoderParameters own_;
  std::shared_ptr<Plan> plan_;
  TensorMap tensors_;
  WeightId table_ = -1;
  WeightId bias_ = -1;  // of the part that is being built
  std::vector<uint8_t> buckets_;
  SlotId hidden_ = 0, qkv_ = 0, attended_ = 0, mlp_ = 0, encoder_mlp_ = 0;
  SlotId cross_q_ = 0, cross_kv_ = 0;
  SlotId normed_ = 0;  // what products read; hidden_ if norms come after
};

}  // namespace

StatusOr<std::shared_ptr<const Plan>> BuildEncoderDecoderPlan(
    const arch::Architecture& architecture, const Hyperparameters& hp,
    const formats::ModelFile& file) {
  if (hp.context_length > (1 << 26)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "context_length is ", hp.context_length, ", more than ", 1 << 26));
  }
  INLAY_ASSIGN_OR_RETURN(EncoderDecoderParameters own,
                         ReadEncoderDecoderParameters(architecture, hp, file));
  return EncoderDecoderBuilder(architecture, hp, std::move(own), file).Build();
}

}  // namespace inlay::model
