#include "cpp/model/encoder_builder.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/model/tensor_map.h"

namespace inlay::model {
namespace {

namespace arch = architectures;

class EncoderBuilder {
 public:
  EncoderBuilder(const arch::Architecture& architecture,
                 const Hyperparameters& hp, const formats::ModelFile& file)
      : architecture_(architecture),
        hp_(hp),
        plan_(std::make_shared<Plan>()),
        tensors_(architecture, file, plan_.get()) {}

  StatusOr<std::shared_ptr<const Plan>> Build() {
    AddSlots();
    INLAY_RETURN_IF_ERROR(AddEmbedding());
    for (int layer = 0; layer < hp_.block_count; ++layer) {
      INLAY_RETURN_IF_ERROR(AddAttention(layer));
      INLAY_RETURN_IF_ERROR(AddMlp(layer));
    }
    plan_->ops.push_back(PoolOp{.in = hidden_});
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

  void AddSlots() {
    plan_->architecture = architecture_.gguf_name();
    plan_->encoder = true;
    plan_->context_length = hp_.context_length;
    plan_->embedding_length = hp_.embedding_length;
    plan_->head_count = hp_.head_count;
    plan_->kv_head_count = hp_.kv_head_count;
    plan_->head_dim = hp_.head_dim;
    plan_->ropes.push_back({});
    hidden_ = AddSlot(hp_.embedding_length);
    qkv_ = AddSlot(QWidth() + 2 * KvWidth());
    attended_ = AddSlot(QWidth());
    mlp_ = AddSlot(hp_.feed_forward_length);
  }

  Status AddEmbedding() {
    const int64_t width = hp_.embedding_length;
    EmbedOp op{.out = hidden_, .table = -1};
    INLAY_ASSIGN_OR_RETURN(
        op.table,
        tensors_.Matrix(architecture_.embedding().tokens(), -1, 0, width));
    const int64_t vocabulary = plan_->weights[op.table].rows;
    if (vocabulary > std::numeric_limits<int32_t>::max() / 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", plan_->weights[op.table].name, " has ",
                       vocabulary, " rows, more than a vocabulary can have"));
    }
    plan_->vocabulary_size = static_cast<int32_t>(vocabulary);
    op.position_offset = hp_.position_offset;
    INLAY_ASSIGN_OR_RETURN(
        op.positions,
        tensors_.Matrix(architecture_.embedding().positions(), -1,
                        int64_t{hp_.context_length} + hp_.position_offset,
                        width));
    INLAY_ASSIGN_OR_RETURN(
        op.types,
        tensors_.Matrix(architecture_.encoder().token_types(), -1, 0, width));
    plan_->ops.push_back(op);
    return AddNorm(architecture_.encoder().embedding_norm(), -1);
  }

  // In place.
  Status AddNorm(const arch::Norm& names, int layer) {
    NormOp op{.in = hidden_,
              .out = hidden_,
              .kind = NormKind::kLayer,
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

  Status AddPart(const arch::Linear& names, int layer, int64_t rows,
                 int64_t columns, LinearOp* op) {
    INLAY_ASSIGN_OR_RETURN(
        WeightId weight, tensors_.Matrix(names.weight(), layer, rows, columns));
    INLAY_ASSIGN_OR_RETURN(WeightId bias,
                           tensors_.Vector(names.bias(), layer, rows));
    op->weights.push_back(weight);
    op->biases.push_back(bias);
    return OkStatus();
  }

  Status AddAttention(int layer) {
    const arch::Attention& names = architecture_.attention();
    const int64_t width = hp_.embedding_length;
    LinearOp qkv{.in = hidden_, .out = qkv_};
    INLAY_RETURN_IF_ERROR(AddPart(names.q(), layer, QWidth(), width, &qkv));
    INLAY_RETURN_IF_ERROR(AddPart(names.k(), layer, KvWidth(), width, &qkv));
    INLAY_RETURN_IF_ERROR(AddPart(names.v(), layer, KvWidth(), width, &qkv));
    plan_->ops.push_back(std::move(qkv));
    plan_->cache_layers.push_back({.kv_head_count = hp_.kv_head_count,
                                   .key_dim = hp_.head_dim,
                                   .value_dim = hp_.head_dim});
    plan_->ops.push_back(RopeAppendOp{.qkv = qkv_, .layer = layer, .rope = 0});
    plan_->ops.push_back(
        AttentionOp{.qkv = qkv_,
                    .out = attended_,
                    .layer = layer,
                    .scale = 1.0f / std::sqrt(static_cast<float>(hp_.head_dim)),
                    .bidirectional = true});
    LinearOp output{.in = attended_, .out = hidden_, .residual = true};
    INLAY_RETURN_IF_ERROR(
        AddPart(names.output(), layer, width, QWidth(), &output));
    plan_->ops.push_back(std::move(output));
    return AddNorm(names.norm(), layer);
  }

  Status AddMlp(int layer) {
    const arch::Mlp& names = architecture_.mlp();
    const int64_t width = hp_.embedding_length;
    const int64_t inner = hp_.feed_forward_length;
    LinearOp up{.in = hidden_, .out = mlp_, .activation = Activation::kGelu};
    INLAY_RETURN_IF_ERROR(AddPart(names.up(), layer, inner, width, &up));
    plan_->ops.push_back(std::move(up));
    LinearOp down{.in = mlp_, .out = hidden_, .residual = true};
    INLAY_RETURN_IF_ERROR(AddPart(names.down(), layer, width, inner, &down));
    plan_->ops.push_back(std::move(down));
    return AddNorm(names.norm(), layer);
  }

  const arch::Architecture& architecture_;
  const Hyperparameters& hp_;
  std::shared_ptr<Plan> plan_;
  TensorMap tensors_;
  SlotId hidden_ = 0, qkv_ = 0, attended_ = 0, mlp_ = 0;
};

}  // namespace

StatusOr<std::shared_ptr<const Plan>> BuildEncoderPlan(
    const arch::Architecture& architecture,
    const Hyperparameters& hyperparameters, const formats::ModelFile& file) {
  if (architecture.norm_kind() != arch::NORM_LAYER ||
      architecture.mlp().activation() != arch::ACTIVATION_GELU ||
      architecture.mlp().has_gate() || architecture.attention().has_qkv()) {
    return absl::InternalError(
        "the description has parts that encoders do not have");
  }
  return EncoderBuilder(architecture, hyperparameters, file).Build();
}

}  // namespace inlay::model
