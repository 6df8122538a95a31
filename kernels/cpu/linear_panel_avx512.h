// Products through a panel: some columns of one or two groups of outputs as
// bytes with F32 scales, made once and shared by many rows. Any integer format.
#ifndef INLAY_KERNELS_CPU_LINEAR_PANEL_AVX512_H_
#define INLAY_KERNELS_CPU_LINEAR_PANEL_AVX512_H_

#include <stdint.h>

#include "kernels/cpu/linear.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {

// Columns of one group: what Fill makes of its packed bytes, from block
// `first` on.
struct PanelGroup {
  static constexpr int kBlocks = 18;
  const uint8_t* bytes;  // [blocks][8][16][4], in `copy` or in the group
  alignas(64) uint8_t copy[kBlocks][512];
  // By halves where a format has scales by 16, else the first half alone.
  alignas(64) float scale[kBlocks][2][kGroup];
  alignas(64) float minimum[kBlocks][2][kGroup];
  // Scaled sums of the codes, of blocks where a row has a centre.
  alignas(64) float sum[kBlocks][2][kGroup];
};

// Codes with minima are as in the format, others have an offset of 128.
void FillPanelAvx512(PackedFormat format, const uint8_t* group, int64_t columns,
                     int64_t first, int64_t count, PanelGroup* panel);

void LinearPanelAvx512(const LinearArgs& args, int64_t out_begin,
                       int64_t out_end);

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_PANEL_AVX512_H_
