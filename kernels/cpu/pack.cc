// Packing of file blocks into groups of 16 outputs (see linear_layout.h), and
// back. Values are moved, never rounded.
#include <cstring>

#include "kernels/common/half.h"
#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/pack_blocks.h"

namespace inlay::kernels::cpu {
namespace {

using internal::BlockCount;
using internal::GroupBytes;
using internal::GroupScaleBytes;
using internal::kBlock;
using internal::kGroup;

// One row of a group being packed.
struct Lane {
  const uint8_t* src;  // the row's bytes in the file
  uint8_t* group;      // the packed group
  int64_t lane;        // 0..15
  int64_t columns;
};

// Elements of `size` bytes, one column after the other.
void PackPlain(const Lane& to, size_t size) {
  for (int64_t k = 0; k < to.columns; ++k) {
    std::memcpy(to.group + static_cast<size_t>(k * kGroup + to.lane) * size,
                to.src + static_cast<size_t>(k) * size, size);
  }
}

void PackQ8(const Lane& to) {
  constexpr int64_t kBytes = 34;  // F16 scale, int8[32]
  uint8_t* const values =
      to.group + GroupScaleBytes(PackedFormat::kQ8, to.columns);
  for (int64_t b = 0; b < BlockCount(to.columns); ++b) {
    const uint8_t* const src = to.src + b * kBytes;
    std::memcpy(to.group + b * 32 + to.lane * 2, src, 2);
    uint8_t* const dst = values + b * 512 + to.lane * 4;
    for (int64_t j = 0; j < 8; ++j) {
      uint32_t four;
      std::memcpy(&four, src + 2 + 4 * j, sizeof(four));
      four ^= 0x80808080u;  // + 128 in every byte
      std::memcpy(dst + 64 * j, &four, sizeof(four));
    }
  }
}

// Nibbles keep the file's pairing: low nibbles are the first 16 columns.
void PackNibbles(const uint8_t* src, uint8_t* dst) {
  for (int64_t j = 0; j < 4; ++j) std::memcpy(dst + 64 * j, src + 4 * j, 4);
}

void PackQ4(const Lane& to) {
  constexpr int64_t kBytes = 18;  // F16 scale, nibbles[32]
  uint8_t* const values =
      to.group + GroupScaleBytes(PackedFormat::kQ4, to.columns);
  for (int64_t b = 0; b < BlockCount(to.columns); ++b) {
    const uint8_t* const src = to.src + b * kBytes;
    std::memcpy(to.group + b * 32 + to.lane * 2, src, 2);
    PackNibbles(src + 2, values + b * 256 + to.lane * 4);
  }
}

void PackQ4Min(const Lane& to) {
  constexpr int64_t kBytes = 20;  // F16 scale, F16 minimum, nibbles[32]
  uint8_t* const values =
      to.group + GroupScaleBytes(PackedFormat::kQ4Min, to.columns);
  for (int64_t b = 0; b < BlockCount(to.columns); ++b) {
    const uint8_t* const src = to.src + b * kBytes;
    std::memcpy(to.group + b * 64 + to.lane * 2, src, 2);
    std::memcpy(to.group + b * 64 + 32 + to.lane * 2, src + 2, 2);
    PackNibbles(src + 4, values + b * 256 + to.lane * 4);
  }
}

// Types whose integers fit bytes and whose scale is an F16 for 32 columns.
void PackLevels(DType type, const Lane& to) {
  const int32_t block_bytes = GetDTypeInfo(type).block_bytes;
  uint8_t* const values =
      to.group + GroupScaleBytes(PackedFormat::kQ8, to.columns);
  for (int64_t b = 0; b < BlockCount(to.columns); ++b) {
    internal::SubBlock block;
    if (!internal::ReadSubBlock(type, to.src, b, &block)) return;
    std::memcpy(to.group + b * 32 + to.lane * 2, to.src + b * block_bytes, 2);
    uint8_t* const dst = values + b * 512 + to.lane * 4;
    for (int64_t k = 0; k < kBlock; ++k) {
      dst[k / 4 * 64 + k % 4] = static_cast<uint8_t>(block.q[k] + 128);
    }
  }
}

void PackQ8K(DType type, const Lane& to) {
  uint8_t* const values =
      to.group + GroupScaleBytes(PackedFormat::kQ8K, to.columns);
  for (int64_t b = 0; b < BlockCount(to.columns); ++b) {
    internal::SubBlock block;
    if (!internal::ReadSubBlock(type, to.src, b, &block)) return;
    for (int64_t h = 0; h < 2; ++h) {
      uint8_t* const scales = to.group + b * 256 + h * 128 + to.lane * 4;
      std::memcpy(scales, &block.scale[h], sizeof(float));
      std::memcpy(scales + 64, &block.minimum[h], sizeof(float));
    }
    uint8_t* const dst = values + b * 512 + to.lane * 4;
    for (int64_t k = 0; k < kBlock; ++k) {
      dst[k / 4 * 64 + k % 4] = static_cast<uint8_t>(block.q[k] + 128);
    }
  }
}

void PackQ4K(DType type, const Lane& to) {
  uint8_t* const values =
      to.group + GroupScaleBytes(PackedFormat::kQ4K, to.columns);
  for (int64_t b = 0; b < BlockCount(to.columns); ++b) {
    internal::SubBlock block;
    if (!internal::ReadSubBlock(type, to.src, b, &block)) return;
    uint8_t* const scales = to.group + b * 128 + to.lane * 4;
    std::memcpy(scales, &block.scale[0], sizeof(float));
    std::memcpy(scales + 64, &block.minimum[0], sizeof(float));
    uint8_t* const dst = values + b * 256 + to.lane * 4;
    for (int64_t k = 0; k < 16; ++k) {
      dst[k / 4 * 64 + k % 4] =
          static_cast<uint8_t>(block.q[k] | block.q[k + 16] << 4);
    }
  }
}

void PackRow(PackedFormat format, DType type, const Lane& to) {
  switch (format) {
    case PackedFormat::kF32:
      return PackPlain(to, 4);
    case PackedFormat::kF16:
    case PackedFormat::kBF16:
      return PackPlain(to, 2);
    case PackedFormat::kQ8:
      return type == DType::kQ8_0 ? PackQ8(to) : PackLevels(type, to);
    case PackedFormat::kQ4:
      return PackQ4(to);
    case PackedFormat::kQ4Min:
      return PackQ4Min(to);
    case PackedFormat::kQ8K:
      return PackQ8K(type, to);
    case PackedFormat::kQ4K:
      return PackQ4K(type, to);
    case PackedFormat::kRaw:
      return;
  }
}

}  // namespace

void PackRows(Isa isa, PackedFormat format, DType type, const uint8_t* src,
              int64_t rows, int64_t columns, int64_t row_begin, int64_t row_end,
              uint8_t* dst) {
  if (format == PackedFormat::kRaw) return;
  const DTypeInfo& info = GetDTypeInfo(type);
  const size_t row_bytes = static_cast<size_t>(columns / info.block_elements) *
                           static_cast<size_t>(info.block_bytes);
  const size_t group_bytes = GroupBytes(format, columns);
  for (int64_t first = row_begin; first < row_end; first += kGroup) {
    uint8_t* const group =
        dst + static_cast<size_t>(first / kGroup) * group_bytes;
    // Rows missing from the last group, and padding, are zero.
    std::memset(group, 0, group_bytes);
    for (int64_t lane = 0; lane < kGroup && first + lane < rows; ++lane) {
      const uint8_t* const row =
          src + static_cast<size_t>(first + lane) * row_bytes;
      PackRow(format, type, {row, group, lane, columns});
    }
  }
}

}  // namespace inlay::kernels::cpu
