// Products by AMX (see linear_amx_bf16.h, linear_amx_int8.h). Formats whose
// scales tiles do not know are left to AVX-512.
#if defined(__AMX_TILE__) && defined(__AMX_INT8__) && defined(__AMX_BF16__)
#include "kernels/cpu/linear_amx.h"

#include <stdint.h>

#include "kernels/cpu/amx.h"
#include "kernels/cpu/linear_amx_bf16.h"
#include "kernels/cpu/linear_amx_int8.h"
#include "kernels/cpu/linear_kernels.h"

namespace inlay::kernels::cpu::internal {
namespace {

void WithVectors(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  Linear(Isa::kAvx512, args, out_begin, out_end);
}

}  // namespace

void LinearBf16Amx(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  HardwareTiles tiles;
  if (!LinearBf16(tiles, args, out_begin, out_end)) {
    WithVectors(args, out_begin, out_end);
  }
}

void LinearInt8Amx(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
  HardwareTiles tiles;
  if (!LinearInt8(tiles, args, out_begin, out_end)) {
    WithVectors(args, out_begin, out_end);
  }
}

}  // namespace inlay::kernels::cpu::internal

#endif
