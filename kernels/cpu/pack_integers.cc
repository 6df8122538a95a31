// Groups of the integer formats (see linear_layout.h). Codes are moved, never
// rounded. Blocks are walked across all rows of a group, so that the packed
// bytes are written from the first to the last.
#include <cstring>

#include "kernels/cpu/pack_file_blocks.h"
#include "kernels/cpu/pack_groups.h"

namespace inlay::kernels::cpu::internal {
namespace {

// The bytes of [16] words of 16 bits, zero where there is no row.
template <typename Get>
inline void PutHalves(const GroupPlace& place, int64_t offset, uint8_t* dst,
                      Get get) {
  uint16_t halves[kGroup] = {};
  for (int64_t r = 0; r < place.count; ++r) {
    halves[r] = get(place.rows[r] + offset);
  }
  std::memcpy(dst, halves, sizeof(halves));
}

template <DType T, bool kMinimum>
void PackScales(const GroupPlace& place, uint8_t* dst) {
  using Block = FileBlock<T>;
  for (int64_t b = 0; b < BlockCount(place.columns); ++b) {
    PutHalves(place, b * Block::kBytes, dst, Block::Scale);
    dst += 32;
    if constexpr (kMinimum) {
      PutHalves(place, b * Block::kBytes, dst, Block::Minimum);
      dst += 32;
    }
  }
}

template <DType T, PackedFormat F>
void PackSuperScales(const GroupPlace& place, uint8_t* dst) {
  using Block = FileBlock<T>;
  constexpr PackedShape kShape = ShapeOf(F);
  constexpr int64_t kParts = kShape.minimum ? 2 : 1;
  constexpr int64_t kCount = kSuperBlock / kShape.scale_columns;
  for (int64_t b = 0; b < place.columns / kSuperBlock; ++b) {
    PutHalves(place, b * Block::kBytes, dst, Block::Scale);
    if constexpr (kShape.minimum) {
      PutHalves(place, b * Block::kBytes, dst + 32, Block::Minimum);
    }
    uint8_t* const bytes = dst + 32 * kParts;
    for (int64_t r = 0; r < kGroup; ++r) {
      SuperParts parts = {};
      if (r < place.count) {
        parts = Block::Parts(place.rows[r] + b * Block::kBytes);
      }
      for (int64_t k = 0; k < kCount; ++k) {
        uint8_t* const at = bytes + k * kParts * kGroup + r;
        at[0] = parts.s[k];
        if constexpr (kShape.minimum) at[kGroup] = parts.m[k];
      }
    }
    dst += ScaleStep(F);
  }
}

template <DType T, PackedFormat F>
void PackValues(const GroupPlace& place, uint8_t* dst) {
  constexpr PackedShape kShape = ShapeOf(F);
  constexpr int kBits = kShape.bits;  // also the words of a row in a block
  constexpr int64_t kPerBlock = kShape.super ? kSuperBlock / kBlock : 1;
  uint32_t words[kGroup][8] = {};
  for (int64_t b = 0; b < BlockCount(place.columns); ++b) {
    const int64_t offset = b / kPerBlock * FileBlock<T>::kBytes;
    const int part = static_cast<int>(b % kPerBlock);
    for (int64_t r = 0; r < place.count; ++r) {
      ToWords<kBits>(FileBlock<T>::Read(place.rows[r] + offset, part),
                     words[r]);
    }
    for (int i = 0; i < kBits; ++i) {
      uint32_t row[kGroup];
      for (int64_t r = 0; r < kGroup; ++r) row[r] = words[r][i];
      std::memcpy(dst, row, sizeof(row));
      dst += sizeof(row);
    }
  }
}

template <DType T>
bool PackGroup(const GroupPlace& place) {
  constexpr PackedFormat F = IntegerFormatOf(T);
  constexpr PackedShape kShape = ShapeOf(F);
  const int64_t step = kShape.super ? kSuperBlock : kBlock;
  const size_t used = static_cast<size_t>(place.columns / step) * ScaleStep(F);
  const size_t scale_bytes = GroupScaleBytes(F, place.columns);
  if constexpr (kShape.super) {
    PackSuperScales<T, F>(place, place.group);
  } else {
    PackScales<T, kShape.minimum>(place, place.group);
  }
  std::memset(place.group + used, 0, scale_bytes - used);
  PackValues<T, F>(place, place.group + scale_bytes);
  return true;
}

}  // namespace

bool PackIntegers(PackedFormat format, DType type, const GroupPlace& place) {
  if (format == PackedFormat::kRaw || IntegerFormatOf(type) != format) {
    return false;
  }
  switch (type) {
    case DType::kQ8_0:
      return PackGroup<DType::kQ8_0>(place);
    case DType::kQ5_0:
      return PackGroup<DType::kQ5_0>(place);
    case DType::kQ5_1:
      return PackGroup<DType::kQ5_1>(place);
    case DType::kQ4_0:
      return PackGroup<DType::kQ4_0>(place);
    case DType::kQ4_1:
      return PackGroup<DType::kQ4_1>(place);
    case DType::kIQ4_NL:
      return PackGroup<DType::kIQ4_NL>(place);
    case DType::kMXFP4:
      return PackGroup<DType::kMXFP4>(place);
    case DType::kQ5_K:
      return PackGroup<DType::kQ5_K>(place);
    case DType::kQ6_K:
      return PackGroup<DType::kQ6_K>(place);
    case DType::kQ4_K:
      return PackGroup<DType::kQ4_K>(place);
    case DType::kIQ4_XS:
      return PackGroup<DType::kIQ4_XS>(place);
    case DType::kQ3_K:
      return PackGroup<DType::kQ3_K>(place);
    case DType::kQ2_K:
      return PackGroup<DType::kQ2_K>(place);
    default:
      return false;
  }
}

}  // namespace inlay::kernels::cpu::internal
