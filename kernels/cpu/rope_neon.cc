#if defined(__ARM_FEATURE_DOTPROD)
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/rope_simd.h"
#include "kernels/cpu/simd_neon.h"

namespace inlay::kernels::cpu::neon {

void Rope(float* x, int32_t heads, int32_t head_dim, int32_t dims,
          bool interleaved, const float* cos, const float* sin) {
  RopeSimd<Neon>(x, heads, head_dim, dims, interleaved, cos, sin);
}

void KvAppend(const KvLayer& layer, int32_t page, int32_t token,
              int32_t kv_head, const float* k, const float* v) {
  KvAppendSimd<Neon>(layer, page, token, kv_head, k, v);
}

}  // namespace inlay::kernels::cpu::neon

#endif  // __ARM_FEATURE_DOTPROD
