// Products of the floating formats in plain C++.
#include <cstring>

#include "kernels/common/half.h"
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

template <typename T>
T LoadAt(const uint8_t* p, int64_t index) {
  T value;
  std::memcpy(&value, p + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

float LoadWeight(PackedFormat format, const uint8_t* group, int64_t index) {
  switch (format) {
    case PackedFormat::kF16:
      return HalfToFloat(LoadAt<uint16_t>(group, index));
    case PackedFormat::kBF16:
      return Bfloat16ToFloat(LoadAt<uint16_t>(group, index));
    default:
      return LoadAt<float>(group, index);
  }
}

}  // namespace

void LinearFloatReference(const LinearArgs& args, int64_t out_begin,
                          int64_t out_end) {
  const size_t group_bytes = GroupBytes(args.format, args.columns);
  for (int64_t out = out_begin; out < out_end; ++out) {
    const uint8_t* const group =
        args.weight + static_cast<size_t>(out / kGroup) * group_bytes;
    for (int64_t row = 0; row < args.x_rows; ++row) {
      const uint8_t* const x = args.x + row * args.x_stride;
      float sum = 0;
      for (int64_t k = 0; k < args.columns; ++k) {
        sum += LoadWeight(args.format, group, k * kGroup + out % kGroup) *
               LoadAt<float>(x, k);
      }
      StoreOutput(args, row, out, sum);
    }
  }
}

float DotReference(const float* a, const float* b, int64_t n) {
  float lanes[8] = {};
  for (int64_t i = 0; i < n; ++i) lanes[i % 8] += a[i] * b[i];
  const float even = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6]);
  const float odd = (lanes[1] + lanes[5]) + (lanes[3] + lanes[7]);
  return even + odd;
}

}  // namespace inlay::kernels::cpu::internal
