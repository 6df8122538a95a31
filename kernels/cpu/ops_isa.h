// The versions of each row operation, one namespace per instruction set. See
// ops.h for what they do; ops.cc chooses.
//
// Files built for a wider instruction set include no C++ library templates and
// no inline functions of others: the linker would keep one copy of each, and
// it might be theirs.
#ifndef INLAY_KERNELS_CPU_OPS_ISA_H_
#define INLAY_KERNELS_CPU_OPS_ISA_H_

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/ops.h"

#define INLAY_DECLARE_OPS_(isa)                                               \
  namespace isa {                                                             \
  void RmsNorm(const float* x, const float* weight, float epsilon, int64_t n, \
               float* y);                                                     \
  void LayerNorm(const float* x, const float* weight, const float* bias,      \
                 float epsilon, int64_t n, float* y);                         \
  void Activate(Act act, const float* x, int64_t n, float* y);                \
  void Xielu(const XieluShape& shape, const float* x, int64_t n, float* y);   \
  void SoftCap(float cap, float* x, int64_t n);                               \
  void GatedActivate(Act act, const float* gate, const float* up, int64_t n,  \
                     float* y);                                               \
  void Rope(float* x, int32_t heads, int32_t head_dim, int32_t dims,          \
            bool interleaved, const float* cos, const float* sin);            \
  void KvAppend(const KvLayer& layer, int32_t page, int32_t token,            \
                int32_t kv_head, const float* k, const float* v);             \
  void Attention(const AttentionArgs& args);                                  \
  void AttentionSegments(const AttentionArgs& args,                           \
                         const AttentionStates& states);                      \
  void AttentionMerge(const AttentionArgs& args,                              \
                      const AttentionStates& states);                         \
  }

namespace inlay::kernels::cpu {

INLAY_DECLARE_OPS_(reference)
INLAY_DECLARE_OPS_(avx2)
INLAY_DECLARE_OPS_(avx512)
INLAY_DECLARE_OPS_(neon)

}  // namespace inlay::kernels::cpu

#undef INLAY_DECLARE_OPS_

#endif  // INLAY_KERNELS_CPU_OPS_ISA_H_
