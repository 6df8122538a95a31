#include "kernels/cpu/ops.h"

#include "kernels/cpu/kv_layout.h"
#include "kernels/cpu/ops_isa.h"

// Calls the version of `function` for `isa`. A version that this build lacks
// is never asked for: IsaSupported says no.
#if defined(__x86_64__)
#define INLAY_DISPATCH_(isa, function, ...) \
  switch (VectorIsa(isa)) {                 \
    case Isa::kAvx512:                      \
      avx512::function(__VA_ARGS__);        \
      return;                               \
    case Isa::kAvx2:                        \
      avx2::function(__VA_ARGS__);          \
      return;                               \
    default:                                \
      break;                                \
  }                                         \
  reference::function(__VA_ARGS__)
#elif defined(__aarch64__)
#define INLAY_DISPATCH_(isa, function, ...) \
  if (VectorIsa(isa) == Isa::kNeon) {       \
    neon::function(__VA_ARGS__);            \
    return;                                 \
  }                                         \
  reference::function(__VA_ARGS__)
#else
#define INLAY_DISPATCH_(isa, function, ...) reference::function(__VA_ARGS__)
#endif

namespace inlay::kernels::cpu {

void RmsNorm(Isa isa, const float* x, const float* weight, float epsilon,
             int64_t n, float* y) {
  INLAY_DISPATCH_(isa, RmsNorm, x, weight, epsilon, n, y);
}

void LayerNorm(Isa isa, const float* x, const float* weight, const float* bias,
               float epsilon, int64_t n, float* y) {
  INLAY_DISPATCH_(isa, LayerNorm, x, weight, bias, epsilon, n, y);
}

void Activate(Isa isa, Act act, const float* x, int64_t n, float* y) {
  INLAY_DISPATCH_(isa, Activate, act, x, n, y);
}

void Xielu(Isa isa, const XieluShape& shape, const float* x, int64_t n,
           float* y) {
  INLAY_DISPATCH_(isa, Xielu, shape, x, n, y);
}

void SoftCap(Isa isa, float cap, float* x, int64_t n) {
  INLAY_DISPATCH_(isa, SoftCap, cap, x, n);
}

void GatedActivate(Isa isa, Act act, const float* gate, const float* up,
                   int64_t n, float* y) {
  INLAY_DISPATCH_(isa, GatedActivate, act, gate, up, n, y);
}

void Rope(Isa isa, float* x, int32_t heads, int32_t head_dim, int32_t dims,
          bool interleaved, const float* cos, const float* sin) {
  INLAY_DISPATCH_(isa, Rope, x, heads, head_dim, dims, interleaved, cos, sin);
}

void KvAppend(Isa isa, const KvLayer& layer, int32_t page, int32_t token,
              int32_t kv_head, const float* k, const float* v) {
  INLAY_DISPATCH_(isa, KvAppend, layer, page, token, kv_head, k, v);
}

void Attention(Isa isa, const AttentionArgs& args) {
  INLAY_DISPATCH_(isa, Attention, args);
}

void AttentionSegments(Isa isa, const AttentionArgs& args,
                       const AttentionStates& states) {
  INLAY_DISPATCH_(isa, AttentionSegments, args, states);
}

void AttentionMerge(Isa isa, const AttentionArgs& args,
                    const AttentionStates& states) {
  INLAY_DISPATCH_(isa, AttentionMerge, args, states);
}

size_t KvPageBytes(const KvLayer& shape) { return KvPage(shape).Bytes(); }

size_t AttentionScratchFloats(int32_t key_dim, int32_t value_dim) {
  const size_t pairs = static_cast<size_t>(kAttentionTile);
  const size_t block = static_cast<size_t>(kAttentionBlock);
  const size_t segment = static_cast<size_t>(kAttentionSegment);
  const size_t width = (static_cast<size_t>(value_dim) + 15) / 16 * 16;
  const size_t keys = static_cast<size_t>(key_dim);
  // Of a block, scores and the segment's outputs; merged outputs of all pairs;
  // of a segment, the steps of keys and values, and both expanded.
  return block * (segment + width) + pairs * width +
         segment * (2 + keys + width);
}

size_t AttentionStateFloats(int32_t value_dim) {
  return static_cast<size_t>(kAttentionStateHead) +
         (static_cast<size_t>(value_dim) + 15) / 16 * 16;
}

}  // namespace inlay::kernels::cpu
