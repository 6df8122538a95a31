// Packing of file blocks into groups of 16 outputs (see linear_layout.h).
// Values are moved, never rounded.
#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/pack_groups.h"

namespace inlay::kernels::cpu {

void PackRows(Isa isa, PackedFormat format, DType type, const uint8_t* src,
              int64_t rows, int64_t columns, int64_t row_begin, int64_t row_end,
              uint8_t* dst) {
  using internal::kGroup;
  const DTypeInfo& info = GetDTypeInfo(type);
  const size_t row_bytes = static_cast<size_t>(columns / info.block_elements) *
                           static_cast<size_t>(info.block_bytes);
  const size_t group_bytes = internal::GroupBytes(format, columns);
  for (int64_t first = row_begin; first < row_end; first += kGroup) {
    internal::GroupPlace place = {
        {},
        rows - first < kGroup ? rows - first : kGroup,
        columns,
        dst + static_cast<size_t>(first / kGroup) * group_bytes};
    for (int64_t r = 0; r < place.count; ++r) {
      place.rows[r] = src + static_cast<size_t>(first + r) * row_bytes;
    }
    if (internal::ShapeOf(format).bits != 0) {
      internal::PackIntegers(format, type, place);
    } else if (format != PackedFormat::kRaw) {
      internal::PackFloats(format, place);
    }
  }
}

}  // namespace inlay::kernels::cpu
