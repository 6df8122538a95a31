// Row operations and paged attention on the processor. Pure functions over raw
// memory; callers split rows or heads among threads. Each has a plain C++
// reference (Isa::kReference) that is the oracle for the others.
#ifndef INLAY_KERNELS_CPU_OPS_H_
#define INLAY_KERNELS_CPU_OPS_H_

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu {

void RmsNorm(Isa isa, const float* x, const float* weight, float epsilon,
             int64_t n, float* y);
void LayerNorm(Isa isa, const float* x, const float* weight, const float* bias,
               float epsilon, int64_t n, float* y);

enum class Act : uint8_t { kNone, kSilu, kGelu, kGeluTanh, kRelu, kRelu2 };
// y[i] = act(x[i])
void Activate(Isa isa, Act act, const float* x, int64_t n, float* y);
// y[i] = act(gate[i]) * up[i]
void GatedActivate(Isa isa, Act act, const float* gate, const float* up,
                   int64_t n, float* y);

// Rotates `heads` heads of `head_dim` floats in place; cos and sin hold dims/2
// entries for this row's position. `interleaved`: pairs (2i, 2i+1), else
// (i, i + dims/2). Su et al., 2021.
void Rope(Isa isa, float* x, int32_t heads, int32_t head_dim, int32_t dims,
          bool interleaved, const float* cos, const float* sin);

enum class KvFormat : uint8_t { kF32, kF16 };

// One layer's pages. A page holds `page_tokens` tokens: first all keys
// [kv_head][token][key_dim], then all values [kv_head][token][value_dim].
struct KvLayer {
  uint8_t* base;          // page 0 of this layer
  size_t page_stride;     // bytes between pages
  int32_t page_tokens;
  int32_t kv_heads;
  int32_t key_dim, value_dim;
  KvFormat format;
};
size_t KvPageBytes(const KvLayer& shape);

// Stores one row's k and v (kv_heads heads each) at `token` of page `page`.
void KvAppend(Isa isa, const KvLayer& layer, int32_t page, int32_t token,
              const float* k, const float* v);

struct AttentionArgs {
  KvLayer kv;
  const int32_t* block_table;  // pages of this request, in order
  int32_t position;   // the row sees keys [begin, position]
  int32_t begin;      // first visible position (0, or by the window)
  const float* q;     // q_per_kv heads that share one kv head, head_dim apart
  int32_t q_per_kv;
  int32_t kv_head;
  float scale;
  float* out;         // q_per_kv * value_dim
  float* scratch;     // AttentionScratchFloats()
};
size_t AttentionScratchFloats(int32_t q_per_kv, int32_t value_dim);
// Keys are walked in segments at absolute multiples of kAttentionSegment, each
// from a fresh (m, l, o) state, merged in ascending order (online softmax,
// Milakov and Gimelshein, 2018), so that a row's result does not depend on how
// its request was chunked or what else is in the step.
inline constexpr int32_t kAttentionSegment = 256;
void Attention(Isa isa, const AttentionArgs& args);

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_OPS_H_
