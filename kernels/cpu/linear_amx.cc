// Products by the processor's tiles (see linear_amx_bf16.h, linear_amx_int8.h).
#if defined(__AMX_TILE__) && defined(__AMX_INT8__) && defined(__AMX_BF16__)
#include "kernels/cpu/linear_amx.h"

#include <stdint.h>

#include "kernels/cpu/amx.h"
#include "kernels/cpu/linear_amx_bf16.h"
#include "kernels/cpu/linear_amx_int8.h"
#include "kernels/cpu/linear_kernels.h"

namespace inlay::kernels::cpu::internal {

void LinearAmx(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  HardwareTiles tiles;
  args.activation == ActivationFormat::kBF16
      ? LinearBf16(tiles, args, out_begin, out_end)
      : LinearInt8(tiles, args, out_begin, out_end);
}

}  // namespace inlay::kernels::cpu::internal

#endif
