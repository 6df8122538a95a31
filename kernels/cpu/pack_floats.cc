// Groups of the floating formats (see linear_layout.h).
#include <cstring>

#include "kernels/cpu/pack_groups.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Columns that are walked across the rows before the next are begun.
constexpr int64_t kStrip = 64;

// Elements of T, one column after the other: [columns][16].
template <typename T>
void PackElements(const GroupPlace& place, int64_t columns) {
  for (int64_t begin = 0; begin < columns; begin += kStrip) {
    const int64_t count = columns - begin < kStrip ? columns - begin : kStrip;
    T strip[kGroup][kStrip] = {};
    for (int64_t r = 0; r < place.count; ++r) {
      std::memcpy(strip[r],
                  place.rows[r] + begin * static_cast<int64_t>(sizeof(T)),
                  static_cast<size_t>(count) * sizeof(T));
    }
    uint8_t* dst =
        place.group + static_cast<size_t>(begin) * kGroup * sizeof(T);
    for (int64_t k = 0; k < count; ++k) {
      T column[kGroup];
      for (int64_t r = 0; r < kGroup; ++r) column[r] = strip[r][k];
      std::memcpy(dst, column, sizeof(column));
      dst += sizeof(column);
    }
  }
}

// The last of an odd number of columns is paired with zeros.
void PackLastColumn(const GroupPlace& place) {
  const int64_t k = place.columns - 1;
  uint16_t pairs[kGroup][2] = {};
  for (int64_t r = 0; r < place.count; ++r) {
    std::memcpy(pairs[r], place.rows[r] + k * 2, 2);
  }
  std::memcpy(place.group + k / 2 * 64, pairs, sizeof(pairs));
}

}  // namespace

void PackFloats(PackedFormat format, const GroupPlace& place) {
  const size_t bytes = GroupBytes(format, place.columns);
  switch (format) {
    case PackedFormat::kF32:
      return PackElements<uint32_t>(place, place.columns);
    case PackedFormat::kBF16Pairs:
      PackElements<uint32_t>(place, place.columns / 2);
      if (place.columns % 2 != 0) PackLastColumn(place);
      return;
    default: {
      PackElements<uint16_t>(place, place.columns);
      const size_t used = static_cast<size_t>(place.columns) * 32;
      std::memset(place.group + used, 0, bytes - used);
    }
  }
}

}  // namespace inlay::kernels::cpu::internal
