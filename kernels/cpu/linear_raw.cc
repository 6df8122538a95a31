// Products with the file's own blocks: each row of weights is expanded into
// scratch and multiplied in F32. Any type; nothing is packed.
#include "kernels/cpu/linear_kernels.h"

namespace inlay::kernels::cpu::internal {
void LinearRaw(Isa isa, const LinearArgs& args, int64_t out_begin,
               int64_t out_end) {
  const DTypeInfo& info = GetDTypeInfo(args.type);
  const size_t row_bytes =
      static_cast<size_t>(args.columns / info.block_elements) *
      static_cast<size_t>(info.block_bytes);
  const DotKernel dot = KernelsOf(isa).dot;
  for (int64_t out = out_begin; out < out_end; ++out) {
    Dequantize(args.type, args.weight + static_cast<size_t>(out) * row_bytes,
               args.columns, args.scratch);
    for (int64_t row = 0; row < args.x_rows; ++row) {
      const float* const x =
          reinterpret_cast<const float*>(args.x + row * args.x_stride);
      StoreOutput(args, row, out, dot(args.scratch, x, args.columns));
    }
  }
}

}  // namespace inlay::kernels::cpu::internal
