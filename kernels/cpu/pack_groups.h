// One group of 16 rows at a time. Private to kernels/cpu.
#ifndef INLAY_KERNELS_CPU_PACK_GROUPS_H_
#define INLAY_KERNELS_CPU_PACK_GROUPS_H_

#include <cstdint>

#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {

// Where a group comes from and goes to. Every byte of the group is written:
// rows that are not there are zero.
struct GroupPlace {
  const uint8_t* rows[kGroup];  // of the file; the first `count` are there
  int64_t count;
  int64_t columns;
  uint8_t* group;
};

// kF32, kF16, kBF16 and kBF16Pairs.
void PackFloats(PackedFormat format, const GroupPlace& place);
// The others; false if the format is not made from `type`.
bool PackIntegers(PackedFormat format, DType type, const GroupPlace& place);

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_PACK_GROUPS_H_
