// What the parts of a decoder have in common while its Plan is put in order.
#ifndef INLAY_MODEL_DECODER_PARTS_H_
#define INLAY_MODEL_DECODER_PARTS_H_

#include <cstdint>
#include <memory>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/base/status.h"
#include "cpp/formats/model_file.h"
#include "cpp/model/hyperparameters.h"
#include "cpp/model/plan.h"
#include "cpp/model/tensor_map.h"

namespace inlay::model {

Activation ToActivation(architectures::Activation activation);

// The slots that every layer uses again.
struct DecoderSlots {
  SlotId hidden = -1;    // [embedding_length], what residuals add to
  SlotId normed = -1;    // [embedding_length], the input of a part
  SlotId qkv = -1;       // the heads of q, then those of k and v
  SlotId attended = -1;  // [head_count * head_dim]
  SlotId mlp = -1;       // [feed_forward_length]
  SlotId added = -1;     // what a residual with a factor adds; -1: none has
  SlotId shared = -1;    // inside of the expert that all rows share; -1: none
};

// The description, the hyperparameters and the file of one decoder, and the
// Plan that grows from them. Lives as long as the building of one Plan.
class DecoderParts {
 public:
  DecoderParts(const architectures::Architecture& description,
               const Hyperparameters& hyperparameters,
               const formats::ModelFile& model_file);

  const architectures::Architecture& architecture;
  const Hyperparameters& hp;
  const formats::ModelFile& file;
  const std::shared_ptr<Plan> plan;
  TensorMap tensors;
  DecoderSlots slots;
  WeightId token_table = -1;
  // Indices into Plan::ropes of layers that do not rotate, and of those that
  // have a window; 0: that of all.
  int32_t unrotated = 0;
  int32_t windowed = 0;

  // The heads of q together, and those of k or v.
  int32_t QWidth() const { return hp.head_count * hp.head_dim; }
  int32_t KvWidth() const { return hp.kv_head_count * hp.head_dim; }

  NormKind Kind() const;
  SlotId AddSlot(int32_t width);
  // The norm of `in`, which has embedding_length columns.
  Status AddNorm(const architectures::Norm& names, int layer, SlotId in,
                 SlotId out);
  // Appends one weight (and its bias) of [rows, columns] to `op`.
  Status AddPart(const architectures::Linear& names, int layer, int64_t rows,
                 int64_t columns, LinearOp* op);
  // The product of `in`, which has `columns`, or the norm of it, added to the
  // hidden state.
  Status AddResidual(const architectures::Linear& names, int layer, SlotId in,
                     int64_t columns,
                     const architectures::Norm* post_norm = nullptr);
};

// The parts of a decoder, in the order in which a step runs them. Attention and
// MLP leave what they made in their slots; the residuals add its product to the
// hidden state.
Status AddDecoderEmbedding(DecoderParts* parts);
Status AddDecoderAttention(DecoderParts* parts, int layer);
Status AddDecoderAttentionResidual(DecoderParts* parts, int layer);
Status AddDecoderMlp(DecoderParts* parts, int layer);
Status AddDecoderMlpResidual(DecoderParts* parts, int layer);
Status AddDecoderHead(DecoderParts* parts);

}  // namespace inlay::model

#endif  // INLAY_MODEL_DECODER_PARTS_H_
