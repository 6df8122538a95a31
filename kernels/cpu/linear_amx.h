// Entries of the AMX kernels. Private to kernels/cpu.
#ifndef INLAY_KERNELS_CPU_LINEAR_AMX_H_
#define INLAY_KERNELS_CPU_LINEAR_AMX_H_

#include <stdint.h>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu::internal {

// kBF16 activations; kBF16Pairs and the integer formats of ShapeOf.
void LinearBf16Amx(const LinearArgs& args, int64_t out_begin, int64_t out_end);
// kInt8x32 activations; the integer formats. The bits of LinearInt8Avx512.
void LinearInt8Amx(const LinearArgs& args, int64_t out_begin, int64_t out_end);

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_AMX_H_
