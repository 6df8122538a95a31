// Integer formats with the dot product instructions of Armv8.2.
//
// A row alone takes whole groups, so that weights are read in order; rows in
// fours take half a group at a time, whose 8 integer and 8 floating sums stay
// in registers with the activations.
#if defined(__ARM_FEATURE_DOTPROD)
#include "kernels/cpu/linear_formats_neon.h"
#include "kernels/cpu/linear_lanes_neon.h"

namespace inlay::kernels::cpu::internal {
namespace {

template <PackedFormat F>
struct Kernel {
  static void Run(const LinearArgs& args, int64_t out_begin, int64_t out_end) {
    for (int64_t g = out_begin / kGroup; g * kGroup < out_end; ++g) {
      int64_t row = 0;
      for (; row + 4 <= args.x_rows; row += 4) {
        RunLanes<F, 4, 2>(args, row, g, 0, out_begin, out_end);
        RunLanes<F, 4, 2>(args, row, g, 8, out_begin, out_end);
      }
      for (; row < args.x_rows; ++row) {
        RunLanes<F, 1, 4>(args, row, g, 0, out_begin, out_end);
      }
    }
  }
};

}  // namespace

void LinearInt8Neon(const LinearArgs& args, int64_t out_begin,
                    int64_t out_end) {
  RunFormat<Kernel>(args, out_begin, out_end);
}

}  // namespace inlay::kernels::cpu::internal

#endif  // __ARM_FEATURE_DOTPROD
