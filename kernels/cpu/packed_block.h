// Packed integers back to numbers, one output and 32 columns at a time.
// Private to kernels/cpu.
#ifndef INLAY_KERNELS_CPU_PACKED_BLOCK_H_
#define INLAY_KERNELS_CPU_PACKED_BLOCK_H_

#include <cstdint>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu::internal {

// weight = scale * q + minimum, by halves of 16 columns.
struct PackedBlock {
  int32_t q[32];
  float scale[2];
  float minimum[2];
};

// Reads columns [32 block, 32 block + 32) of output `lane` of a group of an
// integer format.
void ReadPackedBlock(PackedFormat format, const uint8_t* group, int64_t columns,
                     int64_t block, int64_t lane, PackedBlock* out);

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_PACKED_BLOCK_H_
