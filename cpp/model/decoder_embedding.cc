#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "cpp/model/decoder_parts.h"

namespace inlay::model {
namespace arch = architectures;

Status AddDecoderEmbedding(DecoderParts* parts) {
  const arch::Embedding& names = parts->architecture.embedding();
  const bool normed = names.has_norm();
  EmbedOp op{.out = normed ? parts->slots.normed : parts->slots.hidden,
             .table = -1};
  INLAY_ASSIGN_OR_RETURN(
      op.table,
      parts->tensors.Matrix(names.tokens(), -1, 0, parts->hp.embedding_length));
  const int64_t vocabulary = parts->plan->weights[op.table].rows;
  if (vocabulary > std::numeric_limits<int32_t>::max() / 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", parts->plan->weights[op.table].name, " has ",
                     vocabulary, " rows, more than a vocabulary can have"));
  }
  parts->plan->vocabulary_size = static_cast<int32_t>(vocabulary);
  parts->token_table = op.table;
  const auto first = static_cast<int64_t>(names.first_position());
  INLAY_ASSIGN_OR_RETURN(op.positions,
                         parts->tensors.Matrix(names.positions(), -1,
                                               first + parts->hp.context_length,
                                               parts->hp.embedding_length));
  op.position_offset = static_cast<int32_t>(first);
  op.scale = parts->hp.embedding_scale;
  if (names.scale_by_root_of_width()) {
    op.scale *= std::sqrt(static_cast<float>(parts->hp.embedding_length));
  }
  parts->plan->ops.push_back(op);
  if (normed) {
    return parts->AddNorm(names.norm(), -1, op.out, parts->slots.hidden);
  }
  return OkStatus();
}

}  // namespace inlay::model
