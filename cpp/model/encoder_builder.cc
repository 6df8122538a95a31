#include "cpp/model/encoder_builder.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/model/file_names.h"
#include "cpp/model/rope.h"
#include "cpp/model/tensor_map.h"

namespace inlay::model {
namespace {

namespace arch = architectures;

Activation EncoderActivation(arch::Activation activation) {
  switch (activation) {
    case arch::ACTIVATION_SILU:
      return Activation::kSilu;
    case arch::ACTIVATION_GELU:
      return Activation::kGelu;
    case arch::ACTIVATION_GELU_TANH:
      return Activation::kGeluTanh;
    case arch::ACTIVATION_RELU:
      return Activation::kRelu;
    case arch::ACTIVATION_TANH:
      return Activation::kTanh;
    default:
      return Activation::kNone;
  }
}

class EncoderBuilder {
 public:
  EncoderBuilder(const arch::Architecture& architecture,
                 const Hyperparameters& hp, const formats::ModelFile& file)
      : architecture_(architecture),
        hp_(hp),
        file_(file),
        encoder_(architecture.encoder()),
        plan_(std::make_shared<Plan>()),
        tensors_(architecture, file, plan_.get()) {}

  StatusOr<std::shared_ptr<const Plan>> Build() {
    AddSlots();
    INLAY_RETURN_IF_ERROR(AddRopes());
    INLAY_RETURN_IF_ERROR(AddEmbedding());
    for (int layer = 0; layer < hp_.block_count; ++layer) {
      INLAY_RETURN_IF_ERROR(AddAttention(layer));
      INLAY_RETURN_IF_ERROR(AddMlp(layer));
    }
    INLAY_RETURN_IF_ERROR(AddEnd());
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
    hidden_ = AddSlot(hp_.embedding_length);
    qkv_ = AddSlot(QWidth() + 2 * KvWidth());
    attended_ = AddSlot(QWidth());
    mlp_ = AddSlot(hp_.feed_forward_length);
    normed_ = encoder_.norms_first() ? AddSlot(hp_.embedding_length) : hidden_;
  }

  // The second is of layers with a window.
  Status AddRopes() {
    INLAY_ASSIGN_OR_RETURN(Rope rope, BuildRope(architecture_, hp_, file_));
    plan_->ropes.push_back(std::move(rope));
    if (hp_.local_rope_base <= 0) return OkStatus();
    Hyperparameters local = hp_;
    local.rope_base = hp_.local_rope_base;
    INLAY_ASSIGN_OR_RETURN(rope, BuildRope(architecture_, local, file_));
    plan_->ropes.push_back(std::move(rope));
    return OkStatus();
  }

  int32_t Window(int layer) const {
    const size_t i = static_cast<size_t>(layer);
    const bool full = i < hp_.full_layers.size() && hp_.full_layers[i];
    return full ? 0 : hp_.sliding_window;
  }

  Status AddEmbedding() {
    const int64_t width = hp_.embedding_length;
    EmbedOp op{.out = hidden_, .table = -1};
    INLAY_ASSIGN_OR_RETURN(
        op.table,
        tensors_.Matrix(architecture_.embedding().tokens(), -1, 0, width));
    if (op.table < 0) {
      return absl::UnimplementedError(
          absl::StrCat("architecture ", architecture_.gguf_name(),
                       " is not known in this kind of file"));
    }
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
        op.types, tensors_.Matrix(encoder_.token_types(), -1, 0, width));
    plan_->ops.push_back(op);
    return AddNorm(encoder_.embedding_norm(), -1, hidden_, hidden_);
  }

  Status AddNorm(const arch::Norm& names, int layer, SlotId in, SlotId out) {
    NormOp op{.in = in,
              .out = out,
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

  Status AddQkv(int layer, SlotId in) {
    const arch::Attention& names = architecture_.attention();
    const int64_t width = hp_.embedding_length;
    LinearOp op{.in = in, .out = qkv_};
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

  Status AddAttention(int layer) {
    const arch::Attention& names = architecture_.attention();
    const int64_t width = hp_.embedding_length;
    const bool norm_before =
        encoder_.norms_first() &&
        (layer > 0 || !encoder_.first_layer_without_norm());
    if (norm_before) {
      INLAY_RETURN_IF_ERROR(AddNorm(names.norm(), layer, hidden_, normed_));
    }
    INLAY_RETURN_IF_ERROR(AddQkv(layer, norm_before ? normed_ : hidden_));
    plan_->cache_layers.push_back({.kv_head_count = hp_.kv_head_count,
                                   .key_dim = hp_.head_dim,
                                   .value_dim = hp_.head_dim});
    const int32_t window = Window(layer);
    plan_->ops.push_back(
        RopeAppendOp{.qkv = qkv_,
                     .layer = layer,
                     .rope = window > 0 && plan_->ropes.size() > 1 ? 1 : 0});
    plan_->ops.push_back(
        AttentionOp{.qkv = qkv_,
                    .out = attended_,
                    .layer = layer,
                    .scale = 1.0f / std::sqrt(static_cast<float>(hp_.head_dim)),
                    .window = window,
                    .bidirectional = true});
    LinearOp output{.in = attended_, .out = hidden_, .residual = true};
    INLAY_RETURN_IF_ERROR(
        AddPart(names.output(), layer, width, QWidth(), &output));
    plan_->ops.push_back(std::move(output));
    return encoder_.norms_first()
               ? OkStatus()
               : AddNorm(names.norm(), layer, hidden_, hidden_);
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

  Status AddMlp(int layer) {
    const arch::Mlp& names = architecture_.mlp();
    const int64_t width = hp_.embedding_length;
    const int64_t inner = hp_.feed_forward_length;
    if (encoder_.norms_first()) {
      INLAY_RETURN_IF_ERROR(AddNorm(names.norm(), layer, hidden_, normed_));
    }
    LinearOp up{.in = normed_,
                .out = mlp_,
                .activation = EncoderActivation(names.activation()),
                .gated = names.has_gate_and_up()};
    INLAY_RETURN_IF_ERROR(up.gated
                              ? AddGateAndUp(layer, &up)
                              : AddPart(names.up(), layer, inner, width, &up));
    plan_->ops.push_back(std::move(up));
    LinearOp down{.in = mlp_, .out = hidden_, .residual = true};
    INLAY_RETURN_IF_ERROR(AddPart(names.down(), layer, width, inner, &down));
    plan_->ops.push_back(std::move(down));
    return encoder_.norms_first()
               ? OkStatus()
               : AddNorm(names.norm(), layer, hidden_, hidden_);
  }

  Status AddEnd() {
    if (encoder_.has_final_norm()) {
      INLAY_RETURN_IF_ERROR(
          AddNorm(encoder_.final_norm(), -1, hidden_, normed_));
    }
    INLAY_ASSIGN_OR_RETURN(
        const WeightId output,
        tensors_.Matrix(encoder_.classifier().output().weight(), -1, 0,
                        hp_.embedding_length));
    if (output >= 0) return AddClassifier(output);
    plan_->ops.push_back(PoolOp{.in = normed_});
    return OkStatus();
  }

  StatusOr<PoolOp::Rows> PooledRows() const {
    const std::string& key = encoder_.classifier().pooling_key();
    if (key.empty()) return PoolOp::Rows::kFirst;
    INLAY_ASSIGN_OR_RETURN(const std::optional<std::string> name,
                           file_.Get<std::string>(key));
    if (name.value_or("cls") == "cls") return PoolOp::Rows::kFirst;
    if (*name == "mean") return PoolOp::Rows::kMean;
    return absl::UnimplementedError(absl::StrCat(
        "config.json key ", key, " = ", name->substr(0, 100), ": architecture ",
        architecture_.gguf_name(), " knows cls and mean"));
  }

  Status AddClassifier(WeightId output) {
    const arch::Classifier& names = encoder_.classifier();
    const int64_t width = hp_.embedding_length;
    const int64_t labels = plan_->weights[static_cast<size_t>(output)].rows;
    if (labels > (1 << 16)) {
      return absl::InvalidArgumentError(
          absl::StrCat(names.output().weight().huggingface(), " has ", labels,
                       " rows, more than labels are supported"));
    }
    plan_->label_count = static_cast<int32_t>(labels);
    SlotId last = AddSlot(hp_.embedding_length);
    INLAY_ASSIGN_OR_RETURN(const PoolOp::Rows rows, PooledRows());
    plan_->ops.push_back(PoolOp{.in = normed_, .out = last, .rows = rows});
    if (names.has_dense()) {
      const SlotId out = AddSlot(hp_.embedding_length);
      LinearOp dense{.in = last,
                     .out = out,
                     .activation = EncoderActivation(names.activation())};
      INLAY_RETURN_IF_ERROR(AddPart(names.dense(), -1, width, width, &dense));
      plan_->ops.push_back(std::move(dense));
      last = out;
    }
    if (names.has_norm()) {
      INLAY_RETURN_IF_ERROR(AddNorm(names.norm(), -1, last, last));
    }
    LinearOp scores{
        .in = last, .out = AddSlot(plan_->label_count), .weights = {output}};
    INLAY_ASSIGN_OR_RETURN(const WeightId bias,
                           tensors_.Vector(names.output().bias(), -1, labels));
    scores.biases = {bias};
    const SlotId out = scores.out;
    plan_->ops.push_back(std::move(scores));
    plan_->ops.push_back(PoolOp{.in = out, .pooled = true});
    return OkStatus();
  }

  const arch::Architecture& architecture_;
  const Hyperparameters& hp_;
  const formats::ModelFile& file_;
  const arch::Encoder& encoder_;
  std::shared_ptr<Plan> plan_;
  TensorMap tensors_;
  SlotId hidden_ = 0, qkv_ = 0, attended_ = 0, mlp_ = 0;
  SlotId normed_ = 0;  // what products read; hidden_ if norms come after
};

}  // namespace

StatusOr<std::shared_ptr<const Plan>> BuildEncoderPlan(
    const arch::Architecture& architecture,
    const Hyperparameters& hyperparameters, const formats::ModelFile& file) {
  const arch::Mlp& mlp = architecture.mlp();
  if (architecture.norm_kind() != arch::NORM_LAYER || mlp.has_gate() ||
      EncoderActivation(mlp.activation()) == Activation::kNone ||
      mlp.gate_and_up().has_bias() ||
      (architecture.encoder().has_final_norm() &&
       !architecture.encoder().norms_first())) {
    return absl::InternalError(
        "the description has parts that encoders do not have");
  }
  return EncoderBuilder(architecture, hyperparameters, file).Build();
}

}  // namespace inlay::model
