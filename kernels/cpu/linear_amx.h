// Entry of the AMX kernels. Private to kernels/cpu.
#ifndef INLAY_KERNELS_CPU_LINEAR_AMX_H_
#define INLAY_KERNELS_CPU_LINEAR_AMX_H_

#include <stdint.h>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu::internal {

// With kBF16 activations: kBF16Pairs and the integer formats of ShapeOf, by
// tiles of bfloat16. With kInt8x32: the integer formats by tiles of bytes, with
// the bits of the vector sets.
void LinearAmx(const LinearArgs& args, int64_t out_begin, int64_t out_end);

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_AMX_H_
