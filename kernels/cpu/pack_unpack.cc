// Packed rows back to floats (see linear_layout.h).
#include <cstring>

#include "kernels/common/half.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu {
namespace {

using internal::BlockCount;
using internal::GroupBytes;
using internal::GroupScaleBytes;
using internal::kBlock;
using internal::kGroup;

float LoadFloat(const uint8_t* p) {
  float value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

float LoadHalf(const uint8_t* p) {
  uint16_t half;
  std::memcpy(&half, p, sizeof(half));
  return HalfToFloat(half);
}

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

void UnpackQ8(const uint8_t* group, int64_t lane, int64_t columns, float* dst) {
  const uint8_t* const values =
      group + GroupScaleBytes(PackedFormat::kQ8, columns);
  for (int64_t b = 0; b < BlockCount(columns); ++b) {
    const float scale = LoadHalf(group + b * 32 + lane * 2);
    const uint8_t* const p = values + b * 512 + lane * 4;
    for (int64_t k = 0; k < kBlock; ++k) {
      const int32_t q = p[k / 4 * 64 + k % 4] - 128;
      dst[b * kBlock + k] = scale * static_cast<float>(q);
    }
  }
}

// Scale, minimum and offset of a nibble format's block.
struct NibbleScale {
  float scale, minimum;
  int32_t offset;
};

NibbleScale LoadNibbleScale(PackedFormat format, const uint8_t* group,
                            int64_t block, int64_t lane) {
  if (format == PackedFormat::kQ4K) {
    const uint8_t* const p = group + block * 128 + lane * 4;
    return {LoadFloat(p), LoadFloat(p + 64), 0};
  }
  if (format == PackedFormat::kQ4Min) {
    const uint8_t* const p = group + block * 64 + lane * 2;
    return {LoadHalf(p), LoadHalf(p + 32), 0};
  }
  return {LoadHalf(group + block * 32 + lane * 2), 0.0f, 8};
}

void UnpackQ4(PackedFormat format, const uint8_t* group, int64_t lane,
              int64_t columns, float* dst) {
  const uint8_t* const values = group + GroupScaleBytes(format, columns);
  for (int64_t b = 0; b < BlockCount(columns); ++b) {
    const NibbleScale s = LoadNibbleScale(format, group, b, lane);
    const uint8_t* const p = values + b * 256 + lane * 4;
    for (int64_t k = 0; k < kBlock; ++k) {
      const uint8_t pair = p[k % 16 / 4 * 64 + k % 4];
      const int32_t q = (k < 16 ? pair & 15 : pair >> 4) - s.offset;
      dst[b * kBlock + k] = s.scale * static_cast<float>(q) + s.minimum;
    }
  }
}

void UnpackQ8K(const uint8_t* group, int64_t lane, int64_t columns,
               float* dst) {
  const uint8_t* const values =
      group + GroupScaleBytes(PackedFormat::kQ8K, columns);
  for (int64_t k = 0; k < columns; ++k) {
    const int64_t b = k / kBlock;
    const uint8_t* const scales =
        group + b * 256 + k % kBlock / 16 * 128 + lane * 4;
    const int32_t q =
        values[b * 512 + k % kBlock / 4 * 64 + lane * 4 + k % 4] - 128;
    dst[k] = LoadFloat(scales) * static_cast<float>(q) + LoadFloat(scales + 64);
  }
}

}  // namespace

void UnpackRow(Isa isa, PackedFormat format, const uint8_t* packed,
               int64_t rows, int64_t columns, int64_t row, float* dst) {
  const uint8_t* const group =
      packed + static_cast<size_t>(row / kGroup) * GroupBytes(format, columns);
  const int64_t lane = row % kGroup;
  switch (format) {
    case PackedFormat::kF32:
    case PackedFormat::kF16:
    case PackedFormat::kBF16:
      return UnpackPlain(format, group, lane, columns, dst);
    case PackedFormat::kQ8:
      return UnpackQ8(group, lane, columns, dst);
    case PackedFormat::kQ4:
    case PackedFormat::kQ4Min:
    case PackedFormat::kQ4K:
      return UnpackQ4(format, group, lane, columns, dst);
    case PackedFormat::kQ8K:
      return UnpackQ8K(group, lane, columns, dst);
    case PackedFormat::kRaw:
      return;
  }
}

}  // namespace inlay::kernels::cpu
