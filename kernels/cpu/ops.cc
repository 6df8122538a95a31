#include "kernels/cpu/ops.h"

#include "kernels/cpu/ops_isa.h"

// Calls the version of `function` for `isa`. A version that this build lacks
// is never asked for: IsaSupported says no.
#if defined(__x86_64__)
#define INLAY_DISPATCH_(isa, function, ...) \
  switch (isa) {                            \
    case Isa::kAvx512:                      \
      avx512::function(__VA_ARGS__);        \
      return;                               \
    case Isa::kAvx2:                        \
      avx2::function(__VA_ARGS__);          \
      return;                               \
    case Isa::kReference:                   \
      break;                                \
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

size_t KvPageBytes(const KvLayer& shape) {
  const size_t element = shape.format == KvFormat::kF16 ? 2 : 4;
  return element * static_cast<size_t>(shape.page_tokens) *
         static_cast<size_t>(shape.kv_heads) *
         (static_cast<size_t>(shape.key_dim) +
          static_cast<size_t>(shape.value_dim));
}

size_t AttentionScratchFloats(int32_t value_dim) {
  // Scores; then per pair the segment's output and the merged one, rounded up
  // to whole vectors; then per pair three scalars.
  const size_t width = (static_cast<size_t>(value_dim) + 15) / 16 * 16;
  return static_cast<size_t>(kAttentionTile) *
         (static_cast<size_t>(kAttentionSegment) + 2 * width + 16);
}

}  // namespace inlay::kernels::cpu
