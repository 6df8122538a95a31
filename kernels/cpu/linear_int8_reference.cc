// Products of the integer formats in plain C++: the oracle of the others.
#include <cstring>

#include "kernels/common/half.h"
#include "kernels/cpu/linear_kernels.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

float LoadHalf(const uint8_t* p) {
  uint16_t half;
  std::memcpy(&half, p, sizeof(half));
  return HalfToFloat(half);
}

float LoadFloat(const uint8_t* p) {
  float value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

// The weights of one output in one block.
struct WeightBlock {
  int32_t q[kBlock];
  float scale[2];  // one for each half
  float minimum[2];
  bool has_minimum;
};

void LoadBytes(const uint8_t* p, int64_t lane, WeightBlock* w) {
  for (int64_t k = 0; k < kBlock; ++k) {
    w->q[k] = p[(k / 4 * kGroup + lane) * 4 + k % 4] - 128;
  }
}

void LoadNibbles(const uint8_t* p, int64_t lane, int32_t offset,
                 WeightBlock* w) {
  for (int64_t k = 0; k < kBlock / 2; ++k) {
    const uint8_t pair = p[(k / 4 * kGroup + lane) * 4 + k % 4];
    w->q[k] = (pair & 15) - offset;
    w->q[k + kBlock / 2] = (pair >> 4) - offset;
  }
}

void LoadBlock(PackedFormat format, const uint8_t* group, int64_t columns,
               int64_t block, int64_t lane, WeightBlock* w) {
  const uint8_t* const values = group + GroupScaleBytes(format, columns);
  const bool bytes =
      format == PackedFormat::kQ8 || format == PackedFormat::kQ8K;
  if (bytes) {
    LoadBytes(values + block * 512, lane, w);
  } else {
    LoadNibbles(values + block * 256, lane, format == PackedFormat::kQ4 ? 8 : 0,
                w);
  }
  w->has_minimum = format != PackedFormat::kQ8 && format != PackedFormat::kQ4;
  for (int64_t half = 0; half < 2; ++half) {
    w->minimum[half] = 0;
    if (format == PackedFormat::kQ8K) {
      const uint8_t* const p = group + block * 256 + half * 128 + lane * 4;
      w->scale[half] = LoadFloat(p);
      w->minimum[half] = LoadFloat(p + 64);
    } else if (format == PackedFormat::kQ4K) {
      const uint8_t* const p = group + block * 128 + lane * 4;
      w->scale[half] = LoadFloat(p);
      w->minimum[half] = LoadFloat(p + 64);
    } else if (format == PackedFormat::kQ4Min) {
      w->scale[half] = LoadHalf(group + block * 64 + lane * 2);
      w->minimum[half] = LoadHalf(group + block * 64 + 32 + lane * 2);
    } else {
      w->scale[half] = LoadHalf(group + block * 32 + lane * 2);
    }
  }
}

// Adds the products of columns [begin, end) of a block to `sum`, in the order
// every instruction set keeps: quantised part, centre, minimum.
float AddPart(const WeightBlock& w, const Int8Row& x, int64_t block,
              int64_t half, int64_t begin, int64_t end, float total,
              float sum) {
  int32_t dot = 0;
  int32_t weights = 0;
  for (int64_t k = begin; k < end; ++k) {
    dot += w.q[k] * x.a[block * kBlock + k];
    weights += w.q[k];
  }
  sum += static_cast<float>(dot) * (w.scale[half] * x.info[block].s);
  if (x.info[block].c != 0) {
    sum += x.info[block].c * (w.scale[half] * static_cast<float>(weights));
  }
  if (w.has_minimum) sum += w.minimum[half] * total;
  return sum;
}

float Sum16(const Int8Row& x, int64_t block, int64_t begin) {
  int32_t sum = 0;
  for (int64_t k = begin; k < begin + 16; ++k) sum += x.a[block * kBlock + k];
  return x.info[block].s * static_cast<float>(sum) + 16.0f * x.info[block].c;
}

float DotRow(const LinearArgs& args, const uint8_t* group, int64_t lane,
             const Int8Row& x) {
  float sum = 0;
  for (int64_t b = 0; b < BlockCount(args.columns); ++b) {
    WeightBlock w;
    LoadBlock(args.format, group, args.columns, b, lane, &w);
    if (args.format == PackedFormat::kQ8K) {
      for (int64_t h = 0; h < 2; ++h) {
        sum =
            AddPart(w, x, b, h, 16 * h, 16 * h + 16, Sum16(x, b, 16 * h), sum);
      }
    } else {
      sum = AddPart(w, x, b, 0, 0, kBlock, x.info[b].total, sum);
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
