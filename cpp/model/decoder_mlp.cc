#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/model/decoder_experts.h"
#include "cpp/model/decoder_parts.h"
#include "cpp/model/xielu.h"

namespace inlay::model {
namespace arch = architectures;

namespace {

// gelu_new, gelu_fast and gelu_pytorch_tanh are one formula.
constexpr std::pair<std::string_view, Activation> kActivationNames[] = {
    {"gelu", Activation::kGelu},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"relu", Activation::kRelu},
    {"relu2", Activation::kRelu2},
    {"silu", Activation::kSilu},
    {"swish", Activation::kSilu}};

// Both halves of one tensor.
Status AddGateAndUp(DecoderParts* parts, int layer, LinearOp* op) {
  const int64_t inner = parts->hp.feed_forward_length;
  INLAY_RETURN_IF_ERROR(parts->AddPart(parts->architecture.mlp().gate_and_up(),
                                       layer, 2 * inner,
                                       parts->hp.embedding_length, op));
  Weight& gate = parts->plan->weights[static_cast<size_t>(op->weights[0])];
  gate.rows = inner;
  Weight up = gate;
  up.row_offset = inner;
  op->weights.push_back(static_cast<WeightId>(parts->plan->weights.size()));
  op->biases.push_back(-1);
  parts->plan->weights.push_back(std::move(up));
  return OkStatus();
}

Status AddUp(DecoderParts* parts, int layer, LinearOp* op) {
  const arch::Mlp& names = parts->architecture.mlp();
  if (names.has_gate_and_up()) return AddGateAndUp(parts, layer, op);
  if (names.has_gate()) {
    INLAY_RETURN_IF_ERROR(parts->AddPart(names.gate(), layer,
                                         parts->hp.feed_forward_length,
                                         parts->hp.embedding_length, op));
  }
  return parts->AddPart(names.up(), layer, parts->hp.feed_forward_length,
                        parts->hp.embedding_length, op);
}

// Whether the MLP reads what attention reads.
bool SharesNorm(const DecoderParts* parts, int layer) {
  const arch::Mlp& names = parts->architecture.mlp();
  if (!parts->hp.parallel_residual) return false;
  return !names.has_norm() ||
         (names.shares_norm() &&
          !parts->tensors.Has(names.norm().weight(), layer));
}

// The one that config.json names, else the description's.
StatusOr<Activation> ActivationOf(const DecoderParts* parts) {
  const arch::Mlp& names = parts->architecture.mlp();
  const std::string& key = names.activation_key();
  if (key.empty() || parts->file.naming() != formats::Naming::kHuggingFace) {
    return ToActivation(names.activation());
  }
  INLAY_ASSIGN_OR_RETURN(const std::optional<std::string> name,
                         parts->file.Get<std::string>(key));
  if (!name.has_value()) return ToActivation(names.activation());
  for (const auto& [known, activation] : kActivationNames) {
    if (*name == known) return activation;
  }
  return absl::UnimplementedError(
      absl::StrCat("config.json key ", key, " names the activation \"",
                   name->substr(0, 100), "\", which is not supported"));
}

}  // namespace

Status AddDecoderMlp(DecoderParts* parts, int layer) {
  const arch::Mlp& names = parts->architecture.mlp();
  // Without a norm of its own or another's, it reads the hidden state.
  const bool shared = SharesNorm(parts, layer);
  if (!shared && names.has_norm()) {
    INLAY_RETURN_IF_ERROR(parts->AddNorm(
        names.norm(), layer, parts->slots.hidden, parts->slots.normed));
  }
  if (HasExperts(*parts, layer)) return AddDecoderExperts(parts, layer);
  INLAY_ASSIGN_OR_RETURN(const Activation activation, ActivationOf(parts));
  LinearOp up{.in = shared || names.has_norm() ? parts->slots.normed
                                               : parts->slots.hidden,
              .out = parts->slots.mlp,
              .activation = activation,
              .gated = names.has_gate() || names.has_gate_and_up()};
  INLAY_RETURN_IF_ERROR(AddUp(parts, layer, &up));
  if (activation == Activation::kXielu) {
    INLAY_ASSIGN_OR_RETURN(up.xielu, ReadXielu(parts, layer));
  }
  parts->plan->ops.push_back(std::move(up));
  return OkStatus();
}

Status AddDecoderMlpResidual(DecoderParts* parts, int layer) {
  if (HasExperts(*parts, layer)) return OkStatus();  // they have added already
  const arch::Mlp& names = parts->architecture.mlp();
  return parts->AddResidual(
      names.down(), layer, parts->slots.mlp, parts->hp.feed_forward_length,
      names.has_post_norm() ? &names.post_norm() : nullptr);
}

}  // namespace inlay::model
