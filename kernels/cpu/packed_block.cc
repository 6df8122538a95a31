#include "kernels/cpu/packed_block.h"

#include <cstring>

#include "kernels/common/half.h"
#include "kernels/cpu/linear_layout.h"

namespace inlay::kernels::cpu::internal {
namespace {

uint16_t LoadU16(const uint8_t* p) {
  uint16_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}
float LoadHalf(const uint8_t* p) { return HalfToFloat(LoadU16(p)); }

// Four columns of an output are together; `quad` counts them in a block.
const uint8_t* Quad(const uint8_t* values, int64_t quad, int64_t lane) {
  return values + (quad * kGroup + lane) * 4;
}

void ReadBytes(const uint8_t* values, int64_t lane, int32_t* q) {
  for (int64_t k = 0; k < kBlock; ++k) q[k] = Quad(values, k / 4, lane)[k % 4];
}

void ReadNibbles(const uint8_t* values, int64_t lane, int32_t* q) {
  for (int64_t k = 0; k < 16; ++k) {
    const uint8_t pair = Quad(values, k / 4, lane)[k % 4];
    q[k] = pair & 15;
    q[k + 16] = pair >> 4;
  }
}

// Bit pairs, added as bits `shift` and above.
void AddBitPairs(const uint8_t* values, int64_t lane, int shift, int32_t* q) {
  for (int64_t k = 0; k < 8; ++k) {
    const uint8_t four = Quad(values, k / 4, lane)[k % 4];
    for (int i = 0; i < 4; ++i) q[k + 8 * i] += (four >> 2 * i & 3) << shift;
  }
}

void ReadCodes(PackedFormat format, const uint8_t* values, int64_t lane,
               int32_t* q) {
  switch (ShapeOf(format).bits) {
    case 8:
      return ReadBytes(values, lane, q);
    case 6:
      ReadNibbles(values, lane, q);
      return AddBitPairs(values + 256, lane, 4, q);
    case 4:
      return ReadNibbles(values, lane, q);
    default:
      for (int64_t k = 0; k < kBlock; ++k) q[k] = 0;
      return AddBitPairs(values, lane, 0, q);
  }
}

// What the codes stand for.
void Decode(PackedFormat format, int32_t* q) {
  const int8_t* const table = TableOf(format);
  const int32_t offset = ShapeOf(format).offset;
  for (int64_t k = 0; k < kBlock; ++k) {
    q[k] = table != nullptr ? table[q[k]] : q[k] - offset;
  }
}

void ReadScales(PackedFormat format, const uint8_t* scales, int64_t block,
                int64_t lane, PackedBlock* out) {
  const uint8_t* const p =
      scales + static_cast<size_t>(block) * ScaleStep(format) + lane * 2;
  const bool minimum = ShapeOf(format).minimum;
  out->scale[0] =
      format == PackedFormat::kQ4Fp ? Bfloat16ToFloat(LoadU16(p)) : LoadHalf(p);
  out->minimum[0] = minimum ? LoadHalf(p + 32) : 0.0f;
  out->scale[1] = out->scale[0];
  out->minimum[1] = out->minimum[0];
}

void ReadSuperScales(PackedFormat format, const uint8_t* scales, int64_t block,
                     int64_t lane, PackedBlock* out) {
  const PackedShape shape = ShapeOf(format);
  const uint8_t* const super =
      scales + static_cast<size_t>(block / 8) * ScaleStep(format);
  const float d = LoadHalf(super + lane * 2);
  const int64_t parts = shape.minimum ? 2 : 1;
  for (int64_t half = 0; half < 2; ++half) {
    const int64_t part = (block % 8 * kBlock + half * 16) / shape.scale_columns;
    const uint8_t* const p = super + 32 * parts + part * kGroup * parts + lane;
    out->minimum[half] = 0;
    if (shape.minimum) {
      out->scale[half] = d * static_cast<float>(p[0]);
      const float e = LoadHalf(super + 32 + lane * 2);
      out->minimum[half] = -(e * static_cast<float>(p[kGroup]));
    } else {
      out->scale[half] = d * static_cast<float>(static_cast<int8_t>(p[0]));
    }
  }
}

}  // namespace

void ReadPackedBlock(PackedFormat format, const uint8_t* group, int64_t columns,
                     int64_t block, int64_t lane, PackedBlock* out) {
  const PackedShape shape = ShapeOf(format);
  const uint8_t* const values = group + GroupScaleBytes(format, columns);
  ReadCodes(format, values + block * shape.bits * 64, lane, out->q);
  Decode(format, out->q);
  if (shape.super) {
    ReadSuperScales(format, group, block, lane, out);
  } else {
    ReadScales(format, group, block, lane, out);
  }
}

}  // namespace inlay::kernels::cpu::internal
