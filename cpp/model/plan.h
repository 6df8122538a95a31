// A model as a short list of fused operations. Backends implement operations;
// they know no model by name.
//
// All activations are rows of F32 in numbered slots; a slot has a fixed width
// (floats per row). Operations run in order over all rows of a step, except
// that SelectRows narrows the row set to those that need logits.
#ifndef INLAY_MODEL_PLAN_H_
#define INLAY_MODEL_PLAN_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "cpp/formats/model_file.h"

namespace inlay::model {

using SlotId = int32_t;    // index into Plan::slot_widths
using WeightId = int32_t;  // index into Plan::weights; -1: none

// One weight of the file. Norm weights and biases are vectors [1, columns].
struct Weight {
  std::string name;                             // tensor name in the file
  const formats::TensorInfo* tensor = nullptr;  // owned by the ModelFile
  int64_t rows = 0;                             // out features
  int64_t columns = 0;                          // in features
  // A slice of the tensor's rows (fused QKV read as three, or a shard).
  int64_t row_offset = 0;
};

enum class Activation : uint8_t {
  kNone,
  kSilu,
  kGelu,
  kGeluTanh,
  kRelu,
  kRelu2,
  // Gated only, as gpt-oss has it: with the gate g at most 7 and u held within
  // [-7, 7], g * sigmoid(1.702 g) * (u + 1).
  kSwigluOai,
  // Not gated: see Xielu.
  kXielu,
  kTanh
};

// xIELU (Huang and Schlag, 2024): positive x^2 + beta x above 0, else
// negative (exp(x) - 1 - x) + beta x. `positive` is softplus of its parameter;
// `negative` is beta more than softplus of its own.
struct Xielu {
  float positive = 0.0f;
  float negative = 0.0f;
  float beta = 0.5f;
};

// out = table[token] * scale (+ positions[position + offset])
// (+ types[StepPlan::types])
struct EmbedOp {
  SlotId out;
  WeightId table;
  WeightId positions = -1;  // learned absolute positions
  float scale = 1.0f;
  int32_t position_offset = 0;
  WeightId types = -1;  // of a token's segment
};

enum class NormKind : uint8_t { kRms, kLayer };

// out = norm(in) * weight (+ bias). RMSNorm: Zhang and Sennrich, 2019;
// LayerNorm: Ba et al., 2016. Sums are in F32. No weight stands for ones.
struct NormOp {
  SlotId in, out;
  NormKind kind;
  WeightId weight = -1;
  WeightId bias = -1;
  float epsilon;
};

// In place, before q and k are rotated or where a description puts it:
// slot[offset + h * width ..] of each of `heads` heads is normed by itself.
// heads = 1 and the whole width of q is OLMo 2's form.
struct HeadNormOp {
  SlotId slot;
  int32_t offset = 0;  // floats
  int32_t heads = 1;
  int32_t width = 0;  // floats of a head
  NormKind kind = NormKind::kRms;
  WeightId weight = -1;  // [width], or [heads * width] if weight_per_head
  WeightId bias = -1;    // as weight
  bool weight_per_head = false;
  float epsilon = 0.0f;
};

// out += scale * in, for residuals with a multiplier and for norms that stand
// between a block and its residual. Slots of one width. With a gate, times
// sigmoid(gate . gate_in): Qwen2-MoE's shared expert.
struct AddOp {
  SlotId in, out;
  float scale = 1.0f;
  WeightId gate = -1;  // [1, width of gate_in]
  SlotId gate_in = -1;
};

// y = W x (+ bias), W the concatenation of `weights` along the output. Then
//   gated:    y has two halves g,u from two weights of equal size, and
//             out = act(g) * u (width = half)
//   else:     out = act(y)
//   residual: out += (accumulates into the slot)
// clip > 0: y is held within [-clip, clip] before anything else (MPT, DBRX);
// not with residual.
struct LinearOp {
  SlotId in, out;
  std::vector<WeightId> weights;
  std::vector<WeightId> biases;  // empty, or one per weight, -1 for none
  Activation activation = Activation::kNone;
  bool gated = false;
  bool residual = false;
  float clip = 0.0f;
  Xielu xielu = {};  // of Activation::kXielu
};

// What a router's logits l, one for each expert, become.
enum class RouterScore : uint8_t {
  kSoftmax,          // of all experts
  kSigmoid,          // each by itself
  kSoftmaxOfChosen,  // of the chosen alone: gpt-oss, Granite
  // PhiMoE, as it infers: the largest logit m is chosen, with its softmax among
  // those where (m - l) / max(|l|, m) <= 2 jitter; then the next, without it.
  kSparseMixer
};
// How good a group of experts is: its best, or its two best together.
enum class GroupScore : uint8_t { kMax, kTopTwo };

// Mixture of experts (Shazeer et al., 2017): out += sum over the row's chosen
// experts of weight * (down (act(gate x) * up x)), biases where there are any.
//
// The top_k experts of the greatest scores + selection_bias are chosen, equals
// by the lower number, within the groups_kept best of group_count groups of
// neighbours. A weight is the score without selection_bias; if `renormalize`,
// over the sum of the chosen's; times `scale`.
struct MoeOp {
  struct Expert {
    WeightId gate = -1;  // [hidden, width of in]; -1 in all: out = act(up x)
    WeightId up = -1;    // [hidden, width of in]
    WeightId down = -1;  // [width of out, hidden]
    WeightId gate_bias = -1, up_bias = -1, down_bias = -1;
  };
  SlotId in, out;
  WeightId router;               // [experts, width of in]
  WeightId router_bias = -1;     // [experts], part of the logits
  WeightId selection_bias = -1;  // [experts], for the choice only
  std::vector<Expert> experts;
  Activation activation = Activation::kSilu;
  int32_t top_k = 1;
  RouterScore score = RouterScore::kSoftmax;
  bool renormalize = false;
  float scale = 1.0f;
  int32_t group_count = 1;
  int32_t groups_kept = 1;
  GroupScore group_score = GroupScore::kMax;
  float jitter = 0.01f;  // of kSparseMixer
  // The weight multiplies the expert's input, not its output: Llama 4.
  bool weight_on_input = false;
};

// Position encoding of one layer's q and k.
struct Rope {
  enum class Kind : uint8_t { kNone, kHalf, kInterleaved };
  Kind kind = Kind::kNone;
  int32_t dims = 0;  // rotated dimensions of each head, even
  // Per pair of dimensions: angle = position * inverse_frequency[i]. Scaling
  // (linear, llama3, yarn) is already in it. dims/2 entries.
  std::vector<float> inverse_frequency;
  float magnitude = 1.0f;  // yarn attention factor, multiplies cos and sin
};

// Rotates q and k inside `qkv` (laid out q heads, k heads, v heads) by the
// rows' positions, and writes k and v of each row into the layer's pages.
struct RopeAppendOp {
  SlotId qkv;
  int32_t layer;  // cache layer, 0-based
  int32_t rope;   // index into Plan::ropes
  // RMSNorm of each head after the rotation (Hunyuan): [head_dim] each.
  WeightId q_norm = -1, k_norm = -1;
  float norm_epsilon = 0.0f;
  // The slot has k and v alone: those of an encoder's output, for the layer's
  // cross-attention. No rotation, no norms.
  bool cross = false;
};

// Paged attention, causal unless bidirectional, of the q heads in `qkv` over
// the layer's pages.
struct AttentionOp {
  SlotId qkv, out;
  int32_t layer;
  float scale;         // of the scores, usually 1/sqrt(head_dim)
  int32_t window = 0;  // 0: all earlier positions
  // Every row sees all rows of its group, which is a whole request; with a
  // window, those less than that many positions away on either side.
  bool bidirectional = false;
  // Scores s, already scaled, become softcap * tanh(s / softcap) (Gemma 2).
  // 0: none.
  float softcap = 0.0f;
  // ALiBi (Press et al., 2022): slope[h] * (key position - query position) is
  // added to the scores, after softcap. head_count entries, or none; not with
  // bidirectional.
  std::vector<float> alibi_slopes;
  // A logit per q head that takes part in the softmax without a value, as
  // gpt-oss has it: [head_count].
  WeightId sinks = -1;
  // The slot has q alone, and every row sees what the encoder's step left of
  // its request: see RowGroup::encoder_length. No window, slopes or bias.
  bool cross = false;
  // Bias by relative position (Raffel et al., 2020, section 2.1), added to the
  // scores last: bias[buckets[span + d]][h] for the distance d = key position -
  // query position, held within [-span, span]. Weight [number of buckets,
  // head_count]; 2 * span + 1 buckets, each below that number.
  WeightId bias = -1;
  std::vector<uint8_t> buckets;
};

// Keeps only StepPlan::logits_rows; later operations see just those rows.
struct SelectRowsOp {
  SlotId in, out;
};

// logits = scale * (W x + bias) on the selected rows, then softcap; followed
// by sampling.
struct HeadOp {
  SlotId in;
  WeightId weight;
  WeightId bias = -1;
  float scale = 1.0f;
  float softcap = 0.0f;  // cap * tanh(logit / cap); 0: none
};

// Makes one row of each group's rows and leaves it where StepPlan::pools says;
// or, with `out`, in that slot, and later operations see just these rows. The
// last of those is a PoolOp of rows that are `pooled`.
struct PoolOp {
  enum class Rows : uint8_t { kAsked, kFirst, kMean };  // kAsked: by the step
  SlotId in;
  SlotId out = -1;
  bool pooled = false;
  Rows rows = Rows::kAsked;
};

using Op =
    std::variant<EmbedOp, NormOp, HeadNormOp, AddOp, LinearOp, MoeOp,
                 RopeAppendOp, AttentionOp, SelectRowsOp, HeadOp, PoolOp>;

// The shape of one cache layer.
struct CacheLayer {
  int32_t kv_head_count;
  int32_t key_dim;    // per head
  int32_t value_dim;  // per head
};

struct Plan {
  std::string architecture;  // for messages only
  // Ends in a PoolOp, and a request runs whole in one step.
  bool encoder = false;
  // Of an encoder-decoder: so many operations, the first ones, are the
  // encoder's. They run over the rows of steps that encode, and leave k and v
  // of every decoder layer's cross-attention in that layer's pages; the others
  // run over the rows of other steps. 0: there is no encoder.
  int32_t encoder_op_count = 0;
  // The most rows of the encoder; part of context_length.
  int32_t encoder_context_length = 0;
  // What a decoder's sequence begins with.
  std::vector<int32_t> decoder_start;
  int32_t vocabulary_size = 0;
  int32_t context_length = 0;  // what the model was trained for
  int32_t embedding_length = 0;
  // What a PoolOp gives instead of vectors, if not 0: so many scores.
  int32_t label_count = 0;
  int32_t head_count = 0;
  int32_t kv_head_count = 0;
  int32_t head_dim = 0;
  int32_t vector_length() const {
    return label_count > 0 ? label_count : embedding_length;
  }
  std::vector<int32_t> slot_widths;
  std::vector<Weight> weights;
  std::vector<Rope> ropes;
  std::vector<CacheLayer> cache_layers;
  std::vector<Op> ops;
};

}  // namespace inlay::model

#endif  // INLAY_MODEL_PLAN_H_
