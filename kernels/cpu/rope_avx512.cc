#if defined(__AVX512F__)
#include "kernels/cpu/ops_isa.h"
#include "kernels/cpu/rope_simd.h"
#include "kernels/cpu/simd_avx512.h"

namespace inlay::kernels::cpu::avx512 {

void Rope(float* x, int32_t heads, int32_t head_dim, int32_t dims,
          bool interleaved, const float* cos, const float* sin) {
  RopeSimd<Avx512>(x, heads, head_dim, dims, interleaved, cos, sin);
}

void KvAppend(const KvLayer& layer, int32_t page, int32_t token,
              int32_t kv_head, const float* k, const float* v) {
  KvAppendSimd<Avx512>(layer, page, token, kv_head, k, v);
}

}  // namespace inlay::kernels::cpu::avx512

#endif  // __AVX512F__
