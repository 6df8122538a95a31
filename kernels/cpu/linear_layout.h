// Memory layouts shared by packing and the kernels. Private to kernels/cpu.
//
// Functions here are `static`, so that a copy compiled with one file's
// instruction set flags can never be linked into another file.
//
// Packed weights come in groups of 16 outputs; rows beyond the last are zero.
// Groups follow each other, each a multiple of 64 bytes.
//
//   kF32, kF16, kBF16   [columns][16] values
//   kBF16Pairs          [(columns + 1) / 2][16][2] values
//
// Integer formats: first the scales of the group, padded to 64 bytes, then its
// values. A weight is scale * (code - offset) + minimum, where codes of Lut and
// Fp formats stand for table entries.
//
// Values by blocks of 32 columns, `k` counted from the block's first:
//   8 bits  [8][16][4] bytes: (j, o, i) is column 4 j + i of output o
//   4 bits  [4][16][4] bytes: low nibble column 4 j + i, high nibble 16 on
//   2 bits  [2][16][4] bytes: from the lowest, columns 4 j + i, 8, 16, 24 on
//   6 bits  the low 4 bits as above, then the high 2 bits as above
//
// Scales by 32: [blocks][16] F16 (kQ4Fp: BF16); with minima [blocks][2][16].
// Scales by 256 (kK*): for each 256 columns
//   [16] F16 d, with minima also [16] F16 e;
//   for each 32 (kK6Min, kK4Min, kK4Lut) or 16 columns [16] bytes s, with
//   minima also [16] bytes m;
//   scale = d * s (s is signed if there are no minima), minimum = -(e * m).
//
//   offsets: kQ8 128, kQ6 and kK6 32, kQ4 and kK4 8, those with minima 0
//
// A prepared kInt8x32 row stands for x = s * a + c in blocks of 32: int8
// a[columns], padded to 64 bytes, then one BlockInfo for each block. A prepared
// kBF16 row: columns values, padded with zeros to 64 bytes.
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

// The shape of an integer format; all zero for the others.
struct PackedShape {
  int bits = 0;           // of a value
  int scale_columns = 0;  // that share a scale: 32 or 16
  bool minimum = false;
  bool super = false;  // scales are bytes under one of 16 bits per 256
  int offset = 0;      // of the codes
};

[[maybe_unused]] static constexpr PackedShape ShapeOf(PackedFormat format) {
  switch (format) {
    case PackedFormat::kQ8:
      return {8, 32, false, false, 128};
    case PackedFormat::kQ6:
      return {6, 32, false, false, 32};
    case PackedFormat::kQ6Min:
      return {6, 32, true, false, 0};
    case PackedFormat::kQ4:
      return {4, 32, false, false, 8};
    case PackedFormat::kQ4Min:
      return {4, 32, true, false, 0};
    case PackedFormat::kQ4Lut:
    case PackedFormat::kQ4Fp:
      return {4, 32, false, false, 0};
    case PackedFormat::kK6Min:
      return {6, 32, true, true, 0};
    case PackedFormat::kK6:
      return {6, 16, false, true, 32};
    case PackedFormat::kK4Min:
      return {4, 32, true, true, 0};
    case PackedFormat::kK4Lut:
      return {4, 32, false, true, 0};
    case PackedFormat::kK4:
      return {4, 16, false, true, 8};
    case PackedFormat::kK2Min:
      return {2, 16, true, true, 0};
    default:
      return {};
  }
}

// The integer format that holds a type without rounding; kRaw for types that
// are floating or have none.
[[maybe_unused]] static constexpr PackedFormat IntegerFormatOf(DType type) {
  switch (type) {
    case DType::kQ8_0:
      return PackedFormat::kQ8;
    case DType::kQ5_0:
      return PackedFormat::kQ6;
    case DType::kQ5_1:
      return PackedFormat::kQ6Min;
    case DType::kQ4_0:
      return PackedFormat::kQ4;
    case DType::kQ4_1:
      return PackedFormat::kQ4Min;
    case DType::kIQ4_NL:
      return PackedFormat::kQ4Lut;
    case DType::kMXFP4:
      return PackedFormat::kQ4Fp;
    case DType::kQ5_K:
      return PackedFormat::kK6Min;
    case DType::kQ6_K:
      return PackedFormat::kK6;
    case DType::kQ4_K:
      return PackedFormat::kK4Min;
    case DType::kIQ4_XS:
      return PackedFormat::kK4Lut;
    case DType::kQ3_K:
      return PackedFormat::kK4;
    case DType::kQ2_K:
      return PackedFormat::kK2Min;
    default:
      return PackedFormat::kRaw;
  }
}

inline constexpr int64_t kSuperBlock = 256;

// Bytes of the scales (and minima) of 256 columns of a group, or of 32 columns
// where there is no scale per 256.
[[maybe_unused]] static constexpr size_t ScaleStep(PackedFormat format) {
  const PackedShape shape = ShapeOf(format);
  const size_t parts = shape.minimum ? 2 : 1;
  if (!shape.super) return 32 * parts;
  return parts * (32 + static_cast<size_t>(256 / shape.scale_columns) * 16);
}

// Bytes of the scales (and minima) at the start of a group.
[[maybe_unused]] static inline size_t GroupScaleBytes(PackedFormat format,
                                                      int64_t columns) {
  const PackedShape shape = ShapeOf(format);
  if (shape.bits == 0) return 0;
  const int64_t step = shape.super ? kSuperBlock : kBlock;
  return AlignUp64(static_cast<size_t>(columns / step) * ScaleStep(format));
}

[[maybe_unused]] static inline size_t GroupBytes(PackedFormat format,
                                                 int64_t columns) {
  const size_t n = static_cast<size_t>(columns);
  switch (format) {
    case PackedFormat::kRaw:
      return 0;
    case PackedFormat::kF32:
      return n * 64;
    case PackedFormat::kF16:
    case PackedFormat::kBF16:
      return AlignUp64(n * 32);
    case PackedFormat::kBF16Pairs:
      return (n + 1) / 2 * 64;
    default:
      return GroupScaleBytes(format, columns) +
             n * 2 * static_cast<size_t>(ShapeOf(format).bits);
  }
}

// What the codes of tables stand for: IQ4_NL and IQ4_XS in the GGUF format;
// MXFP4 (E2M1 of the OCP microscaling formats 1.0) doubled, its scale halved.
inline constexpr int8_t kIq4Table[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
inline constexpr int8_t kFp4Table[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                         0, -1, -2, -3, -4, -6, -8, -12};

// Whether codes stand for table entries.
[[maybe_unused]] static constexpr bool HasTable(PackedFormat format) {
  return format == PackedFormat::kQ4Lut || format == PackedFormat::kK4Lut ||
         format == PackedFormat::kQ4Fp;
}

// Null for formats whose codes are numbers.
[[maybe_unused]] static constexpr const int8_t* TableOf(PackedFormat format) {
  if (!HasTable(format)) return nullptr;
  return format == PackedFormat::kQ4Fp ? kFp4Table : kIq4Table;
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
