// The integers, scales and minima inside blocks of the rarer types, for
// packing. Private to kernels/cpu.
#ifndef INLAY_KERNELS_CPU_PACK_BLOCKS_H_
#define INLAY_KERNELS_CPU_PACK_BLOCKS_H_

#include <cstdint>

#include "kernels/common/dtype.h"

namespace inlay::kernels::cpu::internal {

// 32 columns: weight = scale * q + minimum, by halves of 16.
struct SubBlock {
  int8_t q[32];
  float scale[2];
  float minimum[2];
};

// Reads columns [32 * index, 32 * index + 32) of the row at `row`. False if
// `type` has no such form (its weights are packed in another way).
bool ReadSubBlock(DType type, const uint8_t* row, int64_t index, SubBlock* out);

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_PACK_BLOCKS_H_
