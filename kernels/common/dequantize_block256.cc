// Types with blocks of 256 elements, divided into groups of 16 or 32 that have
// their own scale, itself an integer multiple of the block's 16-bit scale.
#include "kernels/common/dequantize.h"

namespace inlay::kernels::internal {
namespace {

constexpr int kBlock256 = 256;

struct ScaleMinimum {
  int scale;
  int minimum;
};

// Six-bit scale and minimum of group `j` (of 8) in the 12 bytes that Q4_K and
// Q5_K share: bytes 0-3 and 4-7 hold groups 0-3 in their low six bits and the
// upper two bits of groups 4-7; bytes 8-11 hold the low four of both.
inline ScaleMinimum UnpackScaleMinimum(const uint8_t* packed, int j) {
  if (j < 4) return {packed[j] & 63, packed[j + 4] & 63};
  return {(packed[j + 4] & 0x0f) | ((packed[j - 4] >> 6) << 4),
          (packed[j + 4] >> 4) | ((packed[j] >> 6) << 4)};
}

// Six-bit scale of group `j` (of 16) in the 12 bytes of Q3_K: eight bytes of
// low nibbles (groups 0-7, then 8-15), four bytes of upper bit pairs.
inline int UnpackQ3Scale(const uint8_t* packed, int j) {
  const int low = j < 8 ? packed[j] & 0x0f : packed[j - 8] >> 4;
  const int high = (packed[8 + j % 4] >> (2 * (j / 4))) & 3;
  return (low | (high << 4)) - 32;
}

}  // namespace

void DequantizeQ2_K(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock256, src += 84, dst += kBlock256) {
    const uint8_t* scales = src;
    const uint8_t* quants = src + 16;
    const float d = LoadHalf(src + 80);
    const float dmin = LoadHalf(src + 82);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * static_cast<float>(scales[group] & 0x0f);
      const float minimum = dmin * static_cast<float>(scales[group] >> 4);
      // 32 bytes hold 128 elements: bit pair s of byte i is element 32 s + i.
      const uint8_t* q = quants + 32 * (group / 8) + 16 * (group % 2);
      const int shift = 2 * (group % 8 / 2);
      for (int i = 0; i < 16; ++i) {
        dst[16 * group + i] =
            scale * static_cast<float>((q[i] >> shift) & 3) - minimum;
      }
    }
  }
}

void DequantizeQ3_K(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock256, src += 110, dst += kBlock256) {
    const uint8_t* high = src;  // bit g of byte i: element 32 g + i
    const uint8_t* quants = src + 32;
    const uint8_t* scales = src + 96;
    const float d = LoadHalf(src + 108);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * static_cast<float>(UnpackQ3Scale(scales, group));
      const uint8_t* q = quants + 32 * (group / 8) + 16 * (group % 2);
      const uint8_t* h = high + 16 * (group % 2);
      const int shift = 2 * (group % 8 / 2);
      for (int i = 0; i < 16; ++i) {
        // A clear high bit subtracts 4.
        const int offset = ((h[i] >> (group / 2)) & 1) != 0 ? 0 : 4;
        dst[16 * group + i] =
            scale * static_cast<float>(((q[i] >> shift) & 3) - offset);
      }
    }
  }
}

void DequantizeQ4_K(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock256, src += 144, dst += kBlock256) {
    const float d = LoadHalf(src);
    const float dmin = LoadHalf(src + 2);
    for (int group = 0; group < 8; ++group) {
      const ScaleMinimum packed = UnpackScaleMinimum(src + 4, group);
      const float scale = d * static_cast<float>(packed.scale);
      const float minimum = dmin * static_cast<float>(packed.minimum);
      const uint8_t* q = src + 16 + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      for (int i = 0; i < 32; ++i) {
        dst[32 * group + i] =
            scale * static_cast<float>((q[i] >> shift) & 0x0f) - minimum;
      }
    }
  }
}

void DequantizeQ5_K(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock256, src += 176, dst += kBlock256) {
    const float d = LoadHalf(src);
    const float dmin = LoadHalf(src + 2);
    const uint8_t* high = src + 16;  // bit g of byte i: element 32 g + i
    for (int group = 0; group < 8; ++group) {
      const ScaleMinimum packed = UnpackScaleMinimum(src + 4, group);
      const float scale = d * static_cast<float>(packed.scale);
      const float minimum = dmin * static_cast<float>(packed.minimum);
      const uint8_t* q = src + 48 + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      for (int i = 0; i < 32; ++i) {
        const int value =
            ((q[i] >> shift) & 0x0f) | (((high[i] >> group) & 1) << 4);
        dst[32 * group + i] = scale * static_cast<float>(value) - minimum;
      }
    }
  }
}

void DequantizeQ6_K(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock256, src += 210, dst += kBlock256) {
    const uint8_t* low = src;
    const uint8_t* high = src + 128;
    const uint8_t* scales = src + 192;
    const float d = LoadHalf(src + 208);
    for (int group = 0; group < 16; ++group) {
      const float scale =
          d * static_cast<float>(static_cast<int8_t>(scales[group]));
      // Of each 128 elements, quarter k takes nibble k / 2 of 64 low bytes
      // (32 each for even and odd k) and bit pair k of 32 high bytes.
      const int half = group / 8;
      const int quarter = group % 8 / 2;
      const int begin = 16 * (group % 2);
      const uint8_t* ql = low + 64 * half + 32 * (quarter % 2) + begin;
      const uint8_t* qh = high + 32 * half + begin;
      for (int i = 0; i < 16; ++i) {
        const int value = ((ql[i] >> (4 * (quarter / 2))) & 0x0f) |
                          (((qh[i] >> (2 * quarter)) & 3) << 4);
        dst[16 * group + i] = scale * static_cast<float>(value - 32);
      }
    }
  }
}

void DequantizeIQ4_XS(const uint8_t* src, int64_t count, float* dst) {
  for (int64_t n = 0; n < count; n += kBlock256, src += 136, dst += kBlock256) {
    const float d = LoadHalf(src);
    const int scales_high = LoadU16(src + 2);
    const uint8_t* scales_low = src + 4;
    for (int group = 0; group < 8; ++group) {
      const int scale_bits =
          ((scales_low[group / 2] >> (4 * (group % 2))) & 0x0f) |
          (((scales_high >> (2 * group)) & 3) << 4);
      const float scale = d * static_cast<float>(scale_bits - 32);
      const uint8_t* q = src + 8 + 16 * group;
      float* out = dst + 32 * group;
      for (int i = 0; i < 16; ++i) {
        out[i] = scale * static_cast<float>(kIq4Levels[q[i] & 0x0f]);
        out[i + 16] = scale * static_cast<float>(kIq4Levels[q[i] >> 4]);
      }
    }
  }
}

}  // namespace inlay::kernels::internal
