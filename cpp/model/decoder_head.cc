#include "absl/strings/str_cat.h"
#include "cpp/model/decoder_parts.h"

namespace inlay::model {
namespace arch = architectures;

Status AddDecoderHead(DecoderParts* parts) {
  const SlotId selected = parts->AddSlot(parts->hp.embedding_length);
  const SlotId normed = parts->AddSlot(parts->hp.embedding_length);
  parts->plan->ops.push_back(
      SelectRowsOp{.in = parts->slots.hidden, .out = selected});
  INLAY_RETURN_IF_ERROR(
      parts->AddNorm(parts->architecture.head().norm(), -1, selected, normed));
  HeadOp head{.in = normed,
              .weight = -1,
              .scale = 1.0f / parts->hp.logit_divisor,
              .softcap = parts->hp.logit_softcap};
  const arch::Tensor& names = parts->architecture.head().output().weight();
  if (parts->hp.tied_embeddings.value_or(false)) {
    parts->tensors.Ignore(names);
  } else {
    INLAY_ASSIGN_OR_RETURN(
        head.weight,
        parts->tensors.Matrix(names, -1, parts->plan->vocabulary_size,
                              parts->hp.embedding_length));
  }
  if (head.weight < 0) {
    if (!parts->hp.tied_embeddings.value_or(true)) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", names.huggingface(),
                       " is missing, and the embeddings are not tied"));
    }
    head.weight = parts->token_table;
  }
  INLAY_ASSIGN_OR_RETURN(
      head.bias,
      parts->tensors.Vector(parts->architecture.head().output().bias(), -1,
                            parts->plan->vocabulary_size));
  parts->plan->ops.push_back(head);
  return OkStatus();
}

}  // namespace inlay::model
