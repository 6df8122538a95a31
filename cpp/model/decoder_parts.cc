#include "cpp/model/decoder_parts.h"

#include <utility>

namespace inlay::model {
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
    case arch::ACTIVATION_XIELU:
      return Activation::kXielu;
    case arch::ACTIVATION_SWIGLU_OAI:
      return Activation::kSwigluOai;
    default:
      return Activation::kNone;
  }
}

DecoderParts::DecoderParts(const arch::Architecture& description,
                           const Hyperparameters& hyperparameters,
                           const formats::ModelFile& model_file)
    : architecture(description),
      hp(hyperparameters),
      file(model_file),
      plan(std::make_shared<Plan>()),
      tensors(description, model_file, plan.get()) {}

NormKind DecoderParts::Kind() const {
  return architecture.norm_kind() == arch::NORM_LAYER ? NormKind::kLayer
                                                      : NormKind::kRms;
}

SlotId DecoderParts::AddSlot(int32_t width) {
  plan->slot_widths.push_back(width);
  return static_cast<SlotId>(plan->slot_widths.size() - 1);
}

Status DecoderParts::AddNorm(const arch::Norm& names, int layer, SlotId in,
                             SlotId out) {
  NormOp op{.in = in,
            .out = out,
            .kind = Kind(),
            .weight = -1,
            .bias = -1,
            .epsilon = hp.norm_epsilon};
  INLAY_ASSIGN_OR_RETURN(
      op.weight, tensors.Vector(names.weight(), layer, hp.embedding_length));
  INLAY_ASSIGN_OR_RETURN(
      op.bias, tensors.Vector(names.bias(), layer, hp.embedding_length));
  plan->ops.push_back(op);
  return OkStatus();
}

Status DecoderParts::AddPart(const arch::Linear& names, int layer, int64_t rows,
                             int64_t columns, LinearOp* op) {
  INLAY_ASSIGN_OR_RETURN(WeightId weight,
                         tensors.Matrix(names.weight(), layer, rows, columns));
  INLAY_ASSIGN_OR_RETURN(WeightId bias,
                         tensors.Vector(names.bias(), layer, rows));
  op->weights.push_back(weight);
  op->biases.push_back(bias);
  return OkStatus();
}

Status DecoderParts::AddResidual(const arch::Linear& names, int layer,
                                 SlotId in, int64_t columns,
                                 const arch::Norm* post_norm) {
  const bool apart = hp.residual_scale != 1.0f || post_norm != nullptr;
  LinearOp op{
      .in = in, .out = apart ? slots.added : slots.hidden, .residual = !apart};
  INLAY_RETURN_IF_ERROR(
      AddPart(names, layer, hp.embedding_length, columns, &op));
  plan->ops.push_back(std::move(op));
  if (post_norm != nullptr) {
    INLAY_RETURN_IF_ERROR(AddNorm(*post_norm, layer, slots.added, slots.added));
  }
  if (apart) {
    plan->ops.push_back(AddOp{
        .in = slots.added, .out = slots.hidden, .scale = hp.residual_scale});
  }
  return OkStatus();
}

}  // namespace inlay::model
