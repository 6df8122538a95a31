// Packed rows back to floats (see linear_layout.h).
#include <cstring>

#include "kernels/common/half.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/packed_block.h"

namespace inlay::kernels::cpu {
namespace {

using internal::BlockCount;
using internal::GroupBytes;
using internal::kBlock;
using internal::kGroup;

void UnpackPlain(PackedFormat format, const uint8_t* group, int64_t lane,
                 int64_t columns, float* dst) {
  for (int64_t k = 0; k < columns; ++k) {
    const int64_t index = k * kGroup + lane;
    if (format == PackedFormat::kF32) {
      std::memcpy(&dst[k], group + index * 4, sizeof(float));
    } else {
      uint16_t half;
      std::memcpy(&half, group + index * 2, sizeof(half));
      dst[k] = format == PackedFormat::kF16 ? HalfToFloat(half)
                                            : Bfloat16ToFloat(half);
    }
  }
}

// Columns by two.
void UnpackPairs(const uint8_t* group, int64_t lane, int64_t columns,
                 float* dst) {
  for (int64_t k = 0; k < columns; ++k) {
    uint16_t half;
    std::memcpy(&half, group + (k / 2 * kGroup + lane) * 4 + k % 2 * 2,
                sizeof(half));
    dst[k] = Bfloat16ToFloat(half);
  }
}

void UnpackIntegers(PackedFormat format, const uint8_t* group, int64_t lane,
                    int64_t columns, float* dst) {
  for (int64_t b = 0; b < BlockCount(columns); ++b) {
    internal::PackedBlock block;
    internal::ReadPackedBlock(format, group, columns, b, lane, &block);
    const bool minimum = internal::ShapeOf(format).minimum;
    for (int64_t k = 0; k < kBlock; ++k) {
      const float w = block.scale[k / 16] * static_cast<float>(block.q[k]);
      dst[b * kBlock + k] = minimum ? w + block.minimum[k / 16] : w;
    }
  }
}

}  // namespace

void UnpackRow(Isa isa, PackedFormat format, const uint8_t* packed,
               int64_t rows, int64_t columns, int64_t row, float* dst) {
  const uint8_t* const group =
      packed + static_cast<size_t>(row / kGroup) * GroupBytes(format, columns);
  const int64_t lane = row % kGroup;
  switch (format) {
    case PackedFormat::kRaw:
      return;
    case PackedFormat::kF32:
    case PackedFormat::kF16:
    case PackedFormat::kBF16:
      return UnpackPlain(format, group, lane, columns, dst);
    case PackedFormat::kBF16Pairs:
      return UnpackPairs(group, lane, columns, dst);
    default:
      return UnpackIntegers(format, group, lane, columns, dst);
  }
}

}  // namespace inlay::kernels::cpu
