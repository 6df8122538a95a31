// Products of the integer formats in plain C++: the oracle of the others.
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"
#include "kernels/cpu/packed_block.h"

namespace inlay::kernels::cpu::internal {
namespace {

// Adds the products of columns [begin, end) of a block to `sum`, in the order
// every instruction set keeps (docs/numerics.md).
float AddPart(const PackedBlock& w, const Int8Row& x, int64_t block,
              int64_t begin, int64_t end, bool minimum, float sum) {
  const BlockInfo& info = x.info[block];
  const int64_t half = begin / 16;
  int32_t dot = 0, codes = 0, activations = 0;
  for (int64_t k = begin; k < end; ++k) {
    const int32_t a = x.a[block * kBlock + k];
    dot += w.q[k] * a;
    codes += w.q[k];
    activations += a;
  }
  sum += static_cast<float>(dot) * (w.scale[half] * info.s);
  if (info.c != 0) {
    sum += info.c * (w.scale[half] * static_cast<float>(codes));
  }
  if (minimum) {
    const float total = info.s * static_cast<float>(activations) +
                        static_cast<float>(end - begin) * info.c;
    sum += w.minimum[half] * total;
  }
  return sum;
}

float DotRow(const LinearArgs& args, const uint8_t* group, int64_t lane,
             const Int8Row& x) {
  const PackedShape shape = ShapeOf(args.format);
  const int64_t columns = shape.scale_columns;
  float sum = 0;
  for (int64_t b = 0; b < BlockCount(args.columns); ++b) {
    PackedBlock w;
    ReadPackedBlock(args.format, group, args.columns, b, lane, &w);
    for (int64_t k = 0; k < kBlock; k += columns) {
      sum = AddPart(w, x, b, k, k + columns, shape.minimum, sum);
    }
  }
  return sum;
}

}  // namespace

void LinearInt8Reference(const LinearArgs& args, int64_t out_begin,
                         int64_t out_end) {
  const size_t group_bytes = GroupBytes(args.format, args.columns);
  for (int64_t out = out_begin; out < out_end; ++out) {
    const uint8_t* const group =
        args.weight + static_cast<size_t>(out / kGroup) * group_bytes;
    for (int64_t row = 0; row < args.x_rows; ++row) {
      const Int8Row x = ViewInt8Row(args.x + row * args.x_stride, args.columns);
      StoreOutput(args, row, out, DotRow(args, group, out % kGroup, x));
    }
  }
}

}  // namespace inlay::kernels::cpu::internal
