// Activations to int8 in blocks of 32, plain C++.
#include <cmath>
#include <cstring>

#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

struct BlockRange {
  float low, high;
  bool finite;
};

BlockRange FindRange(const float* x) {
  BlockRange range = {x[0], x[0], true};
  for (int64_t i = 0; i < kBlock; ++i) {
    range.low = x[i] < range.low ? x[i] : range.low;
    range.high = x[i] > range.high ? x[i] : range.high;
    range.finite = range.finite && std::isfinite(x[i]);
  }
  return range;
}

// Where the block is centred, and the largest distance from there.
void Centre(const BlockRange& range, float* c, float* reach) {
  const float magnitude = range.high > -range.low ? range.high : -range.low;
  const float half = 0.5f * range.high - 0.5f * range.low;
  const bool centred = half < kCentreBelow * magnitude;
  *c = centred ? 0.5f * range.high + 0.5f * range.low : 0.0f;
  const float above = range.high - *c;
  const float below = *c - range.low;
  *reach = above > below ? above : below;
}

BlockInfo PrepareBlock(const float* x, int8_t* a) {
  const BlockRange range = FindRange(x);
  float c = 0, reach = 0;
  Centre(range, &c, &reach);
  std::memset(a, 0, kBlock);
  if (!range.finite) return {std::nanf(""), 0, 0, std::nanf("")};
  // A block of one repeated value is all centre.
  if (!(reach >= kTiny)) return {0, c, 0, 32.0f * c};
  const float s = reach / 127.0f;
  const float inverse = 127.0f / reach;
  int32_t sum = 0;
  for (int64_t i = 0; i < kBlock; ++i) {
    a[i] = static_cast<int8_t>(std::nearbyint((x[i] - c) * inverse));
    sum += a[i];
  }
  return {s, c, -8 * sum, s * static_cast<float>(sum) + 32.0f * c};
}

}  // namespace

void PrepareInt8Reference(const float* x, int64_t columns, uint8_t* dst) {
  const Int8Row row = ViewInt8Row(dst, columns);
  int8_t* const a = const_cast<int8_t*>(row.a);
  BlockInfo* const info = const_cast<BlockInfo*>(row.info);
  for (int64_t b = 0; b < BlockCount(columns); ++b) {
    info[b] = PrepareBlock(x + b * kBlock, a + b * kBlock);
  }
}

}  // namespace inlay::kernels::cpu::internal
