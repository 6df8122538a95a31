// Memory layouts shared by packing and the kernels. Private to kernels/cpu.
//
// Functions here are `static`, so that a copy compiled with one file's
// instruction set flags can never be linked into another file.
//
// Packed weights come in groups of 16 outputs; rows beyond the last are zero.
// Groups follow each other, each a multiple of 64 bytes:
//
//   kF32, kF16, kBF16   [columns][16] values
//   kQ8     scales [blocks][16] F16, padded to 64 bytes; then
//           [blocks][8][16][4]: byte i of entry (b, j, o) is the weight at
//           column 32 b + 4 j + i of output o, plus 128
//   kQ4     scales as kQ8; then [blocks][4][16][4]: the low nibble is the
//           weight at column 32 b + 4 j + i plus 8, the high nibble the one
//           16 columns on
//   kQ4Min  [blocks][2][16] F16: scale, minimum; then nibbles as kQ4, not
//           offset: weight = scale * nibble + minimum
//   kQ8K    [blocks][2][2][16] F32: for each half of the block scale and
//           minimum; then bytes as kQ8: weight = scale * byte + minimum
//   kQ4K    [blocks][2][16] F32, else as kQ4Min
//
// A prepared kInt8x32 row stands for x = s * a + c in blocks of 32: int8
// a[columns], padded to 64 bytes, then one BlockInfo for each block.
#ifndef INLAY_KERNELS_CPU_LINEAR_LAYOUT_H_
#define INLAY_KERNELS_CPU_LINEAR_LAYOUT_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu::internal {

inline constexpr int64_t kGroup = 16;
inline constexpr int64_t kBlock = 32;

[[maybe_unused]] static inline size_t AlignUp64(size_t n) {
  return (n + 63) & ~size_t{63};
}
[[maybe_unused]] static inline int64_t BlockCount(int64_t columns) {
  return columns / kBlock;
}

// Bytes of the scales (and minima) at the start of a group.
[[maybe_unused]] static inline size_t GroupScaleBytes(PackedFormat format,
                                                      int64_t columns) {
  const size_t blocks = static_cast<size_t>(BlockCount(columns));
  switch (format) {
    case PackedFormat::kQ8:
    case PackedFormat::kQ4:
      return AlignUp64(blocks * 32);
    case PackedFormat::kQ4Min:
      return blocks * 64;
    case PackedFormat::kQ8K:
      return blocks * 256;
    case PackedFormat::kQ4K:
      return blocks * 128;
    default:
      return 0;
  }
}

[[maybe_unused]] static inline size_t GroupBytes(PackedFormat format,
                                                 int64_t columns) {
  const size_t n = static_cast<size_t>(columns);
  switch (format) {
    case PackedFormat::kF32:
      return n * 64;
    case PackedFormat::kF16:
    case PackedFormat::kBF16:
      return AlignUp64(n * 32);
    case PackedFormat::kQ8:
    case PackedFormat::kQ8K:
      return GroupScaleBytes(format, columns) + n * 16;
    case PackedFormat::kQ4:
    case PackedFormat::kQ4Min:
    case PackedFormat::kQ4K:
      return GroupScaleBytes(format, columns) + n * 8;
    case PackedFormat::kRaw:
      break;
  }
  return 0;
}

struct BlockInfo {
  float s;       // step
  float c;       // centre; zero for most blocks
  int32_t bias;  // -8 times the sum of a: undoes the offset of the weights
  float total;   // what the block adds up to: s * sum + 32 * c
};

// One prepared kInt8x32 row.
struct Int8Row {
  const int8_t* a;
  const BlockInfo* info;
};

[[maybe_unused]] static inline Int8Row ViewInt8Row(const uint8_t* row,
                                                   int64_t columns) {
  const uint8_t* const info = row + AlignUp64(static_cast<size_t>(columns));
  return {reinterpret_cast<const int8_t*>(row),
          reinterpret_cast<const BlockInfo*>(info)};
}

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_LAYOUT_H_
