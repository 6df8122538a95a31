// Picks the instance of a kernel for a packed integer format. Everything here
// has internal linkage.
#ifndef INLAY_KERNELS_CPU_LINEAR_FORMATS_NEON_H_
#define INLAY_KERNELS_CPU_LINEAR_FORMATS_NEON_H_

#include <stdint.h>

#include "kernels/cpu/linear_kernels.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Kernel<F>::Run(args, out_begin, out_end) for the format F of the arguments.
template <template <PackedFormat> class Kernel>
void RunFormat(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  switch (args.format) {
#define INLAY_FORMAT_(format) \
  case PackedFormat::format:  \
    return Kernel<PackedFormat::format>::Run(args, out_begin, out_end);
    INLAY_FORMAT_(kQ8)
    INLAY_FORMAT_(kQ6)
    INLAY_FORMAT_(kQ6Min)
    INLAY_FORMAT_(kQ4)
    INLAY_FORMAT_(kQ4Min)
    INLAY_FORMAT_(kQ4Lut)
    INLAY_FORMAT_(kQ4Fp)
    INLAY_FORMAT_(kK6Min)
    INLAY_FORMAT_(kK6)
    INLAY_FORMAT_(kK4Min)
    INLAY_FORMAT_(kK4Lut)
    INLAY_FORMAT_(kK4)
    INLAY_FORMAT_(kK2Min)
#undef INLAY_FORMAT_
    default:
      return LinearInt8Reference(args, out_begin, out_end);
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_FORMATS_NEON_H_
