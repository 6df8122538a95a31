#include "cpp/model/plan_builder.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/model/rope.h"
#include "cpp/model/tensor_map.h"

namespace inlay::model {
namespace {

using architectures::Architecture;
namespace arch = architectures;

Activation ToActivation(arch::Activation activation) {
  switch (activation) {
    case arch::ACTIVATION_SILU:
      return Activation::kSilu;
    case arch::ACTIVATION_GELU:
      return Activation::kGelu;
    case arch::ACTIVATION_GELU_TANH:
      return Activation::kGeluTanh;
    case arch::ACTIVATION_RELU:
      return Activation::kRelu;
    case arch::ACTIVATION_RELU_SQUARED:
      return Activation::kRelu2;
    default:
      return Activation::kNone;
  }
}

class Builder {
 public:
  Builder(const Architecture& architecture, const Hyperparameters& hp,
          const formats::ModelFile& file)
      : architecture_(architecture),
        hp_(hp),
        file_(file),
        plan_(std::make_shared<Plan>()),
        tensors_(architecture, file, plan_.get()) {}

  StatusOr<std::shared_ptr<const Plan>> Build() {
    AddSlots();
    INLAY_ASSIGN_OR_RETURN(Rope rope, BuildRope(architecture_, hp_, file_));
    plan_->ropes.push_back(std::move(rope));
    if (!hp_.unrotated_layers.empty()) plan_->ropes.push_back({});
    INLAY_RETURN_IF_ERROR(AddEmbedding());
    for (int layer = 0; layer < hp_.block_count; ++layer) {
      INLAY_RETURN_IF_ERROR(AddAttention(layer));
      INLAY_RETURN_IF_ERROR(AddMlp(layer));
    }
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

  int32_t Window(int layer) const {
    const size_t i = static_cast<size_t>(layer);
    const bool full = i < hp_.full_layers.size() && hp_.full_layers[i];
    return full ? 0 : hp_.sliding_window;
  }

  void AddSlots() {
    plan_->architecture = architecture_.gguf_name();
    plan_->context_length = hp_.context_length;
    plan_->embedding_length = hp_.embedding_length;
    plan_->head_count = hp_.head_count;
    plan_->kv_head_count = hp_.kv_head_count;
    plan_->head_dim = hp_.head_dim;
    hidden_ = AddSlot(hp_.embedding_length);
    normed_ = AddSlot(hp_.embedding_length);
    qkv_ = AddSlot(QWidth() + 2 * KvWidth());
    attended_ = AddSlot(QWidth());
    mlp_ = AddSlot(hp_.feed_forward_length);
    if (hp_.residual_scale != 1.0f) added_ = AddSlot(hp_.embedding_length);
  }

  Status AddEmbedding() {
    EmbedOp op{.out = hidden_, .table = -1};
    INLAY_ASSIGN_OR_RETURN(
        op.table, tensors_.Matrix(architecture_.embedding().tokens(), -1, 0,
                                  hp_.embedding_length));
    const int64_t vocabulary = plan_->weights[op.table].rows;
    if (vocabulary > std::numeric_limits<int32_t>::max() / 2) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", plan_->weights[op.table].name, " has ",
                       vocabulary, " rows, more than a vocabulary can have"));
    }
    plan_->vocabulary_size = static_cast<int32_t>(vocabulary);
    table_ = op.table;
    INLAY_ASSIGN_OR_RETURN(
        op.positions,
        tensors_.Matrix(architecture_.embedding().positions(), -1,
                        hp_.context_length, hp_.embedding_length));
    op.scale = hp_.embedding_scale;
    if (architecture_.embedding().scale_by_root_of_width()) {
      op.scale *= std::sqrt(static_cast<float>(hp_.embedding_length));
    }
    plan_->ops.push_back(op);
    return OkStatus();
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

  // Appends one weight (and its bias) of [rows, columns] to `op`.
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

  Status AddQkv(int layer) {
    const arch::Attention& names = architecture_.attention();
    LinearOp op{.in = normed_, .out = qkv_};
    const int64_t width = hp_.embedding_length;
    if (names.has_qkv()) {
      INLAY_RETURN_IF_ERROR(
          AddPart(names.qkv(), layer, QWidth() + 2 * KvWidth(), width, &op));
    } else {
      INLAY_RETURN_IF_ERROR(AddPart(names.q(), layer, QWidth(), width, &op));
      INLAY_RETURN_IF_ERROR(AddPart(names.k(), layer, KvWidth(), width, &op));
      INLAY_RETURN_IF_ERROR(AddPart(names.v(), layer, KvWidth(), width, &op));
    }
    plan_->ops.push_back(std::move(op));
    return OkStatus();
  }

  // Norms of the heads that begin at `offset` of the qkv slot.
  Status AddHeadNorm(const arch::Norm& names, int layer, int32_t offset,
                     int32_t heads) {
    HeadNormOp op{.slot = qkv_,
                  .offset = offset,
                  .heads = heads,
                  .width = hp_.head_dim,
                  .epsilon = hp_.norm_epsilon};
    INLAY_ASSIGN_OR_RETURN(
        op.weight, tensors_.Vector(names.weight(), layer, hp_.head_dim));
    plan_->ops.push_back(op);
    return OkStatus();
  }

  Status AddHeadNorms(int layer) {
    const arch::Attention& names = architecture_.attention();
    if (names.has_q_norm()) {
      INLAY_RETURN_IF_ERROR(
          AddHeadNorm(names.q_norm(), layer, 0, hp_.head_count));
    }
    if (!names.has_k_norm()) return OkStatus();
    return AddHeadNorm(names.k_norm(), layer, QWidth(), hp_.kv_head_count);
  }

  // out of the rows of `in`, added to the hidden state.
  Status AddResidual(const arch::Linear& names, int layer, SlotId in,
                     int64_t columns) {
    const bool scaled = hp_.residual_scale != 1.0f;
    LinearOp op{
        .in = in, .out = scaled ? added_ : hidden_, .residual = !scaled};
    INLAY_RETURN_IF_ERROR(
        AddPart(names, layer, hp_.embedding_length, columns, &op));
    plan_->ops.push_back(std::move(op));
    if (scaled) {
      plan_->ops.push_back(
          AddOp{.in = added_, .out = hidden_, .scale = hp_.residual_scale});
    }
    return OkStatus();
  }

  bool Rotates(int layer) const {
    const size_t i = static_cast<size_t>(layer);
    return i >= hp_.unrotated_layers.size() || !hp_.unrotated_layers[i];
  }

  Status AddAttention(int layer) {
    const arch::Attention& names = architecture_.attention();
    INLAY_RETURN_IF_ERROR(AddNorm(names.norm(), layer, hidden_, normed_));
    INLAY_RETURN_IF_ERROR(AddQkv(layer));
    INLAY_RETURN_IF_ERROR(AddHeadNorms(layer));
    plan_->cache_layers.push_back({.kv_head_count = hp_.kv_head_count,
                                   .key_dim = hp_.head_dim,
                                   .value_dim = hp_.head_dim});
    plan_->ops.push_back(RopeAppendOp{
        .qkv = qkv_, .layer = layer, .rope = Rotates(layer) ? 0 : 1});
    plan_->ops.push_back(AttentionOp{.qkv = qkv_,
                                     .out = attended_,
                                     .layer = layer,
                                     .scale = hp_.attention_scale,
                                     .window = Window(layer)});
    return AddResidual(names.output(), layer, attended_, QWidth());
  }

  // Both halves of one tensor.
  Status AddGateAndUp(int layer, LinearOp* op) {
    const int64_t inner = hp_.feed_forward_length;
    INLAY_RETURN_IF_ERROR(AddPart(architecture_.mlp().gate_and_up(), layer,
                                  2 * inner, hp_.embedding_length, op));
    Weight& gate = plan_->weights[static_cast<size_t>(op->weights[0])];
    gate.rows = inner;
    Weight up = gate;
    up.row_offset = inner;
    op->weights.push_back(static_cast<WeightId>(plan_->weights.size()));
    op->biases.push_back(-1);
    plan_->weights.push_back(std::move(up));
    return OkStatus();
  }

  Status AddUp(int layer, LinearOp* op) {
    const arch::Mlp& names = architecture_.mlp();
    if (names.has_gate_and_up()) return AddGateAndUp(layer, op);
    if (names.has_gate()) {
      INLAY_RETURN_IF_ERROR(AddPart(names.gate(), layer,
                                    hp_.feed_forward_length,
                                    hp_.embedding_length, op));
    }
    return AddPart(names.up(), layer, hp_.feed_forward_length,
                   hp_.embedding_length, op);
  }

  Status AddMlp(int layer) {
    const arch::Mlp& names = architecture_.mlp();
    INLAY_RETURN_IF_ERROR(AddNorm(names.norm(), layer, hidden_, normed_));
    LinearOp up{.in = normed_,
                .out = mlp_,
                .activation = ToActivation(names.activation()),
                .gated = names.has_gate() || names.has_gate_and_up()};
    INLAY_RETURN_IF_ERROR(AddUp(layer, &up));
    plan_->ops.push_back(std::move(up));
    return AddResidual(names.down(), layer, mlp_, hp_.feed_forward_length);
  }

  Status AddHead() {
    const SlotId selected = AddSlot(hp_.embedding_length);
    const SlotId normed = AddSlot(hp_.embedding_length);
    plan_->ops.push_back(SelectRowsOp{.in = hidden_, .out = selected});
    INLAY_RETURN_IF_ERROR(
        AddNorm(architecture_.head().norm(), -1, selected, normed));
    HeadOp head{.in = normed, .weight = -1, .scale = 1.0f / hp_.logit_divisor};
    const arch::Tensor& names = architecture_.head().output().weight();
    if (hp_.tied_embeddings.value_or(false)) {
      tensors_.Ignore(names);
    } else {
      INLAY_ASSIGN_OR_RETURN(head.weight,
                             tensors_.Matrix(names, -1, plan_->vocabulary_size,
                                             hp_.embedding_length));
    }
    if (head.weight < 0) {
      if (!hp_.tied_embeddings.value_or(true)) {
        return absl::InvalidArgumentError(
            absl::StrCat("tensor ", names.huggingface(),
                         " is missing, and the embeddings are not tied"));
      }
      head.weight = table_;
    }
    INLAY_ASSIGN_OR_RETURN(
        head.bias, tensors_.Vector(architecture_.head().output().bias(), -1,
                                   plan_->vocabulary_size));
    plan_->ops.push_back(head);
    return OkStatus();
  }

  const Architecture& architecture_;
  const Hyperparameters& hp_;
  const formats::ModelFile& file_;
  std::shared_ptr<Plan> plan_;
  TensorMap tensors_;
  WeightId table_ = -1;
  SlotId hidden_ = 0, normed_ = 0, qkv_ = 0, attended_ = 0, mlp_ = 0;
  SlotId added_ = -1;  // what a residual with a factor adds
};

}  // namespace

StatusOr<std::shared_ptr<const Plan>> BuildPlan(
    const Architecture& architecture, const Hyperparameters& hyperparameters,
    const formats::ModelFile& file) {
  return Builder(architecture, hyperparameters, file).Build();
}

}  // namespace inlay::model
