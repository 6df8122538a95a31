// Row operations and paged attention on the processor. Pure functions over raw
// memory; callers split rows or heads among threads. Each has a plain C++
// reference (Isa::kReference) that is the oracle for the others.
#ifndef INLAY_KERNELS_CPU_OPS_H_
#define INLAY_KERNELS_CPU_OPS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu {

// Norms of one row; y may be x. `weight` and `bias` may be null.
void RmsNorm(Isa isa, const float* x, const float* weight, float epsilon,
             int64_t n, float* y);
void LayerNorm(Isa isa, const float* x, const float* weight, const float* bias,
               float epsilon, int64_t n, float* y);

enum class Act : uint8_t {
  kNone,
  kSilu,
  kGelu,
  kGeluTanh,
  kRelu,
  kRelu2,
  kSwigluOai  // GatedActivate only; takes `up` into its formula
};
// y[i] = act(x[i]). An element's result does not depend on where it stands.
// y may be x.
void Activate(Isa isa, Act act, const float* x, int64_t n, float* y);
// x > 0: positive x^2 + beta x, else negative (exp(x) - 1 - x) + beta x. The
// same promises.
struct XieluShape {
  float positive, negative, beta;
};
void Xielu(Isa isa, const XieluShape& shape, const float* x, int64_t n,
           float* y);
// x[i] = cap * tanh(x[i] / cap). The same promises.
void SoftCap(Isa isa, float cap, float* x, int64_t n);
// y[i] = act(gate[i]) * up[i]. y may be gate or up.
void GatedActivate(Isa isa, Act act, const float* gate, const float* up,
                   int64_t n, float* y);

// Rotates `heads` heads of `head_dim` floats in place; cos and sin hold dims/2
// entries for this row's position. `interleaved`: pairs (2i, 2i+1), else
// (i, i + dims/2). Su et al., 2021.
void Rope(Isa isa, float* x, int32_t heads, int32_t head_dim, int32_t dims,
          bool interleaved, const float* cos, const float* sin);

// Formats of the cache, rounded to nearest even when written and never again.
//   kInt8  x ~ s q, q in [-127, 127]; the step s = max|x| / 127 is a float of
//          its own for the key and for the value of each token and head. A
//          vector within 2^-100 of zero becomes zeros; one that holds a NaN or
//          an infinity becomes NaN.
//   kFp8   E4M3, x ~ s f; s is the KvLayer's for each head. Saturates; NaN
//   stays.
enum class KvFormat : uint8_t { kF32, kF16, kBf16, kInt8, kFp8 };

// One layer's pages. A page holds `page_tokens` tokens: first all keys
// [kv_head][key_dim][token], so that a vector holds one dimension of many
// tokens, then all values [kv_head][token][value_dim]; then, for kInt8 and at a
// multiple of 4 bytes, the floats [keys, values][kv_head][token] of the steps.
// Kernels are fastest when page_tokens is a multiple of 16.
struct KvLayer {
  uint8_t* base;       // page 0 of this layer
  size_t page_stride;  // bytes between pages
  int32_t page_tokens;
  int32_t kv_heads;
  int32_t key_dim, value_dim;
  KvFormat format;
  // kFp8: one step for each kv head, finite and above 0.
  const float* key_scales;
  const float* value_scales;
};
size_t KvPageBytes(const KvLayer& shape);

// Stores k (key_dim floats) and v (value_dim floats) of one kv head at `token`
// of page `page`.
void KvAppend(Isa isa, const KvLayer& layer, int32_t page, int32_t token,
              int32_t kv_head, const float* k, const float* v);

// Attention of consecutive rows of one request for q heads that share one kv
// head. Row r stands at position + r and sees keys [max(0, p - window + 1), p]
// of its own position p (all of [0, p] if window is 0).
struct AttentionArgs {
  KvLayer kv;
  const int32_t* block_table;  // pages of this request, in order
  int32_t position;            // of row 0
  int32_t rows;                // >= 1; all keys they see are in the pages
  int32_t window;
  int32_t kv_head;
  int32_t q_heads;   // heads to compute; they share kv_head
  const float* q;    // head h of row r at q + r * q_stride + h * key_dim
  int64_t q_stride;  // floats
  float* out;        // head h of row r at out + r * out_stride + h * value_dim
  int64_t out_stride;  // floats
  float scale;
  float* scratch;  // AttentionScratchFloats(), 64-byte aligned
  // All rows see the keys that a row at `position` sees.
  bool same_position = false;
  // A row also sees as many keys after its own, as far as there are `keys`.
  int32_t ahead = 0;
  int32_t keys = INT32_MAX;
  // Of a score s, already scaled: first softcap * tanh(s / softcap) if softcap
  // is above 0, then + slope * (key's position - row's position). Slopes and
  // sinks have one entry for each of q_heads, or are null. A sink takes part in
  // the softmax as a score without a value. No slopes with same_position or
  // ahead.
  float softcap = 0.0f;
  const float* slopes = nullptr;
  const float* sinks = nullptr;
  // Last, if not null: + bias[buckets[d + span] * bias_stride + head], where d
  // is the key's position - the row's, held within [-span, span]. Row 0 stands
  // at row_position, the others behind it, also with same_position.
  const float* bias = nullptr;
  int64_t bias_stride = 0;
  const uint8_t* buckets = nullptr;  // 2 * bias_span + 1
  int32_t bias_span = 0;
  int32_t row_position = 0;
};
// Rows and heads of a call are taken in tiles of at most this many pairs, so
// that the scratch is bounded.
inline constexpr int32_t kAttentionTile = 96;
size_t AttentionScratchFloats(int32_t key_dim, int32_t value_dim);
// Keys are walked in segments at absolute multiples of kAttentionSegment, each
// from a fresh (m, l, o) state, merged in ascending order (online softmax,
// Milakov and Gimelshein, 2018), so that a row's result does not depend on how
// its request was chunked, on the page size or on what else is in the step.
// Values beyond a row's own keys are never used in its arithmetic.
inline constexpr int32_t kAttentionSegment = 256;
void Attention(Isa isa, const AttentionArgs& args);

// The same in two parts, so that several threads can share one call of at most
// kAttentionTile pairs: Attention gives the same bits as AttentionSegments over
// all segments, in any division, and AttentionMerge.
//
// AttentionSegments leaves the states of segments [begin, end) of all pairs in
// `states`, AttentionStateFloats() for each: segment after segment from
// `first_segment`, in each row after row, head after head. Segments that a row
// does not see are left alone. AttentionMerge merges them in ascending order.
struct AttentionStates {
  float* states;
  int32_t first_segment;
  int32_t begin, end;
};
size_t AttentionStateFloats(int32_t value_dim);
void AttentionSegments(Isa isa, const AttentionArgs& args,
                       const AttentionStates& states);
void AttentionMerge(Isa isa, const AttentionArgs& args,
                    const AttentionStates& states);

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_OPS_H_
