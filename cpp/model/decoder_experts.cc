#include "cpp/model/decoder_experts.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace inlay::model {
namespace arch = architectures;

namespace {

constexpr char kExpert[] = "{expert}";

arch::Tensor OfExpert(const arch::Tensor& names, int32_t expert) {
  const std::string number = absl::StrCat(expert);
  arch::Tensor out = names;
  out.set_gguf(absl::StrReplaceAll(names.gguf(), {{kExpert, number}}));
  out.set_huggingface(
      absl::StrReplaceAll(names.huggingface(), {{kExpert, number}}));
  return out;
}

RouterScore ToScore(arch::ExpertScore score) {
  switch (score) {
    case arch::EXPERT_SCORE_SIGMOID:
      return RouterScore::kSigmoid;
    case arch::EXPERT_SCORE_SOFTMAX_OF_CHOSEN:
      return RouterScore::kSoftmaxOfChosen;
    case arch::EXPERT_SCORE_SPARSE_MIXER:
      return RouterScore::kSparseMixer;
    default:
      return RouterScore::kSoftmax;
  }
}

// Finds the tensors of all experts of one layer.
class Finder {
 public:
  Finder(DecoderParts* parts, int layer)
      : parts_(parts),
        layer_(layer),
        count_(parts->hp.experts.count),
        width_(parts->hp.embedding_length),
        length_(parts->hp.experts.length) {}

  StatusOr<std::vector<MoeOp::Expert>> Run(const arch::Experts& names) {
    experts_.resize(static_cast<size_t>(count_));
    if (IsPresent(names.gate_and_up().weight())) {
      INLAY_RETURN_IF_ERROR(AddPairs(names.gate_and_up()));
    } else {
      using Expert = MoeOp::Expert;
      INLAY_RETURN_IF_ERROR(Add(names.gate(), length_, width_, &Expert::gate,
                                &Expert::gate_bias));
      INLAY_RETURN_IF_ERROR(
          Add(names.up(), length_, width_, &Expert::up, &Expert::up_bias));
    }
    INLAY_RETURN_IF_ERROR(Add(names.down(), width_, length_,
                              &MoeOp::Expert::down, &MoeOp::Expert::down_bias));
    return std::move(experts_);
  }

 private:
  using Place = WeightId MoeOp::Expert::*;

  // Whether this kind of file has such a tensor.
  bool IsPresent(const arch::Tensor& names) const {
    return !parts_->tensors.names().Tensor(names, layer_).empty();
  }
  bool IsByExpert(const arch::Tensor& names) const {
    const auto found = parts_->tensors.names().Tensor(names, layer_);
    return !found.empty() && found[0].find(kExpert) != std::string::npos;
  }

  Status Add(const arch::Linear& names, int64_t rows, int64_t columns,
             Place weight, Place bias) {
    INLAY_RETURN_IF_ERROR(AddTensor(names.weight(), rows, columns, weight));
    return AddTensor(names.bias(), 1, rows, bias);
  }

  Status AddTensor(const arch::Tensor& names, int64_t rows, int64_t columns,
                   Place place) {
    if (!IsByExpert(names)) {
      INLAY_ASSIGN_OR_RETURN(
          const std::vector<WeightId> all,
          parts_->tensors.Stack(names, layer_, count_, rows, columns));
      for (size_t e = 0; e < all.size(); ++e) experts_[e].*place = all[e];
      return OkStatus();
    }
    for (int32_t e = 0; e < count_; ++e) {
      const arch::Tensor own = OfExpert(names, e);
      WeightId* const id = &(experts_[static_cast<size_t>(e)].*place);
      if (rows == 1) {
        INLAY_ASSIGN_OR_RETURN(*id,
                               parts_->tensors.Vector(own, layer_, columns));
      } else {
        INLAY_ASSIGN_OR_RETURN(
            *id, parts_->tensors.Matrix(own, layer_, rows, columns));
      }
    }
    return OkStatus();
  }

  // Stacks of twice as many: gate and up of each in turn.
  Status AddPairs(const arch::Linear& names) {
    INLAY_ASSIGN_OR_RETURN(
        const std::vector<WeightId> weights,
        parts_->tensors.Stack(names.weight(), layer_, 2 * int64_t{count_},
                              length_, width_));
    INLAY_ASSIGN_OR_RETURN(
        const std::vector<WeightId> biases,
        parts_->tensors.Stack(names.bias(), layer_, 2 * int64_t{count_}, 1,
                              length_));
    for (size_t e = 0; 2 * e < weights.size(); ++e) {
      experts_[e].gate = weights[2 * e];
      experts_[e].up = weights[2 * e + 1];
    }
    for (size_t e = 0; 2 * e < biases.size(); ++e) {
      experts_[e].gate_bias = biases[2 * e];
      experts_[e].up_bias = biases[2 * e + 1];
    }
    return OkStatus();
  }

  DecoderParts* const parts_;
  const int layer_;
  const int32_t count_;
  const int64_t width_, length_;
  std::vector<MoeOp::Expert> experts_;
};

StatusOr<WeightId> OneRow(DecoderParts* parts, const arch::Tensor& names,
                          int layer, int64_t length) {
  INLAY_ASSIGN_OR_RETURN(const std::vector<WeightId> found,
                         parts->tensors.Stack(names, layer, 1, 1, length));
  return found.empty() ? WeightId{-1} : found[0];
}

Status AddRouted(DecoderParts* parts, int layer) {
  const arch::Experts& names = parts->architecture.mlp().experts();
  const ExpertSizes& sizes = parts->hp.experts;
  MoeOp op{.in = parts->slots.normed,
           .out = parts->slots.hidden,
           .router = -1,
           .activation = ToActivation(parts->architecture.mlp().activation()),
           .top_k = sizes.used,
           .score = ToScore(names.score()),
           .renormalize = sizes.renormalize,
           // Of the residual too: the experts' sum is linear in the weights.
           .scale = sizes.scale * parts->hp.residual_scale,
           .group_count = sizes.group_count,
           .groups_kept = sizes.groups_kept,
           .group_score = names.groups_by_two_best() ? GroupScore::kTopTwo
                                                     : GroupScore::kMax,
           .jitter = sizes.jitter};
  INLAY_ASSIGN_OR_RETURN(
      op.router,
      parts->tensors.Matrix(names.router().weight(), layer, sizes.count,
                            parts->hp.embedding_length));
  INLAY_ASSIGN_OR_RETURN(
      op.router_bias,
      parts->tensors.Vector(names.router().bias(), layer, sizes.count));
  INLAY_ASSIGN_OR_RETURN(
      op.selection_bias,
      OneRow(parts, names.selection_bias(), layer, sizes.count));
  INLAY_ASSIGN_OR_RETURN(op.experts, Finder(parts, layer).Run(names));
  parts->plan->ops.push_back(std::move(op));
  return OkStatus();
}

// The halves of one tensor, or one tensor each.
Status AddSharedUp(DecoderParts* parts, const arch::Mlp& names, int layer,
                   LinearOp* op) {
  const int64_t length = parts->hp.experts.shared_length;
  const int64_t width = parts->hp.embedding_length;
  INLAY_ASSIGN_OR_RETURN(const std::vector<WeightId> halves,
                         parts->tensors.Stack(names.gate_and_up().weight(),
                                              layer, 2, length, width));
  if (!halves.empty()) {
    op->weights = halves;
    op->biases = {-1, -1};
    return OkStatus();
  }
  INLAY_RETURN_IF_ERROR(parts->AddPart(names.gate(), layer, length, width, op));
  return parts->AddPart(names.up(), layer, length, width, op);
}

// The expert that all rows go to, with a gate of its own where there is one.
Status AddShared(DecoderParts* parts, int layer) {
  const arch::Experts& names = parts->architecture.mlp().experts();
  const int32_t length = parts->hp.experts.shared_length;
  if (parts->slots.shared < 0) parts->slots.shared = parts->AddSlot(length);
  LinearOp up{
      .in = parts->slots.normed,
      .out = parts->slots.shared,
      .activation = ToActivation(parts->architecture.mlp().activation()),
      .gated = true};
  INLAY_RETURN_IF_ERROR(AddSharedUp(parts, names.shared(), layer, &up));
  parts->plan->ops.push_back(std::move(up));
  INLAY_ASSIGN_OR_RETURN(
      const WeightId gate,
      OneRow(parts, names.shared_gate(), layer, parts->hp.embedding_length));
  if (gate < 0) {
    return parts->AddResidual(names.shared().down(), layer, parts->slots.shared,
                              length);
  }
  if (parts->slots.added < 0) {
    parts->slots.added = parts->AddSlot(parts->hp.embedding_length);
  }
  LinearOp down{.in = parts->slots.shared, .out = parts->slots.added};
  INLAY_RETURN_IF_ERROR(parts->AddPart(
      names.shared().down(), layer, parts->hp.embedding_length, length, &down));
  parts->plan->ops.push_back(std::move(down));
  parts->plan->ops.push_back(AddOp{.in = parts->slots.added,
                                   .out = parts->slots.hidden,
                                   .scale = parts->hp.residual_scale,
                                   .gate = gate,
                                   .gate_in = parts->slots.normed});
  return OkStatus();
}

}  // namespace

bool HasExperts(const DecoderParts& parts, int layer) {
  return parts.hp.experts.count > 0 &&
         parts.hp.experts.layers[static_cast<size_t>(layer)];
}

Status AddDecoderExperts(DecoderParts* parts, int layer) {
  INLAY_RETURN_IF_ERROR(AddRouted(parts, layer));
  if (parts->hp.experts.shared_length == 0) return OkStatus();
  return AddShared(parts, layer);
}

}  // namespace inlay::model
