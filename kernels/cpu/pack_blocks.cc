#include "kernels/cpu/pack_blocks.h"

#include <bit>
#include <cstring>

#include "kernels/common/half.h"

namespace inlay::kernels::cpu::internal {
namespace {

constexpr int8_t kIq4Levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                   1,    13,   25,  38,  53,  69,  89,  113};
// E2M1, doubled.
constexpr int8_t kE2M1Doubled[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                     0, -1, -2, -3, -4, -6, -8, -12};

uint16_t LoadU16(const uint8_t* p) {
  uint16_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}
float LoadHalf(const uint8_t* p) { return HalfToFloat(LoadU16(p)); }

void SetScales(float scale, float minimum, SubBlock* out) {
  out->scale[0] = out->scale[1] = scale;
  out->minimum[0] = out->minimum[1] = minimum;
}

// Low nibbles are the first 16 columns.
void ReadLevels(const uint8_t* nibbles, const int8_t* levels, SubBlock* out) {
  for (int i = 0; i < 16; ++i) {
    out->q[i] = levels[nibbles[i] & 15];
    out->q[i + 16] = levels[nibbles[i] >> 4];
  }
}

void ReadFiveBits(const uint8_t* high, const uint8_t* low, int offset,
                  SubBlock* out) {
  uint32_t bits;
  std::memcpy(&bits, high, sizeof(bits));
  for (int i = 0; i < 32; ++i) {
    const int nibble = i < 16 ? low[i] & 15 : low[i - 16] >> 4;
    const int top = static_cast<int>(bits >> i & 1u) << 4;
    out->q[i] = static_cast<int8_t>((nibble | top) - offset);
  }
}

// Half of 2^(e - 127), the levels being doubled; subnormal for e < 2.
float HalfOfE8M0(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e
                                    : static_cast<uint32_t>(e - 1) << 23);
}

// The 6-bit scale and minimum of group `j` in the 12 bytes of Q4_K and Q5_K.
void SetSixBitScales(const uint8_t* block, int j, SubBlock* out) {
  const uint8_t* const p = block + 4;
  int scale, minimum;
  if (j < 4) {
    scale = p[j] & 63;
    minimum = p[j + 4] & 63;
  } else {
    scale = (p[j + 4] & 15) | (p[j - 4] >> 6) << 4;
    minimum = (p[j + 4] >> 4) | (p[j] >> 6) << 4;
  }
  SetScales(LoadHalf(block) * static_cast<float>(scale),
            -(LoadHalf(block + 2) * static_cast<float>(minimum)), out);
}

void ReadQ2K(const uint8_t* block, int j, SubBlock* out) {
  const uint8_t* const q = block + 16 + 32 * (j / 4);
  const int shift = 2 * (j % 4);
  for (int i = 0; i < 32; ++i) {
    out->q[i] = static_cast<int8_t>((q[i] >> shift) & 3);
  }
  for (int h = 0; h < 2; ++h) {
    const uint8_t packed = block[2 * j + h];
    out->scale[h] = LoadHalf(block + 80) * static_cast<float>(packed & 15);
    out->minimum[h] = -(LoadHalf(block + 82) * static_cast<float>(packed >> 4));
  }
}

void ReadQ3K(const uint8_t* block, int j, SubBlock* out) {
  const uint8_t* const q = block + 32 + 32 * (j / 4);
  const int shift = 2 * (j % 4);
  for (int i = 0; i < 32; ++i) {
    // A clear high bit subtracts 4.
    const int offset = (block[i] >> j & 1) != 0 ? 0 : 4;
    out->q[i] = static_cast<int8_t>(((q[i] >> shift) & 3) - offset);
  }
  const uint8_t* const scales = block + 96;
  for (int h = 0; h < 2; ++h) {
    const int g = 2 * j + h;
    const int low = g < 8 ? scales[g] & 15 : scales[g - 8] >> 4;
    const int high = (scales[8 + g % 4] >> (2 * (g / 4))) & 3;
    out->scale[h] =
        LoadHalf(block + 108) * static_cast<float>((low | high << 4) - 32);
    out->minimum[h] = 0;
  }
}

void ReadQ4K(const uint8_t* block, int j, SubBlock* out) {
  const uint8_t* const q = block + 16 + 32 * (j / 2);
  for (int i = 0; i < 32; ++i) {
    out->q[i] = static_cast<int8_t>((q[i] >> (4 * (j % 2))) & 15);
  }
  SetSixBitScales(block, j, out);
}

void ReadQ5K(const uint8_t* block, int j, SubBlock* out) {
  const uint8_t* const q = block + 48 + 32 * (j / 2);
  for (int i = 0; i < 32; ++i) {
    const int low = (q[i] >> (4 * (j % 2))) & 15;
    out->q[i] = static_cast<int8_t>(low | (block[16 + i] >> j & 1) << 4);
  }
  SetSixBitScales(block, j, out);
}

void ReadQ6K(const uint8_t* block, int j, SubBlock* out) {
  const int half = j / 4;
  const int quarter = j % 4;
  const uint8_t* const low = block + 64 * half + 32 * (quarter % 2);
  const uint8_t* const high = block + 128 + 32 * half;
  for (int i = 0; i < 32; ++i) {
    const int value = ((low[i] >> (4 * (quarter / 2))) & 15) |
                      ((high[i] >> (2 * quarter)) & 3) << 4;
    out->q[i] = static_cast<int8_t>(value - 32);
  }
  for (int h = 0; h < 2; ++h) {
    out->scale[h] =
        LoadHalf(block + 208) *
        static_cast<float>(static_cast<int8_t>(block[192 + 2 * j + h]));
    out->minimum[h] = 0;
  }
}

void ReadIq4Xs(const uint8_t* block, int j, SubBlock* out) {
  ReadLevels(block + 8 + 16 * j, kIq4Levels, out);
  const int low = (block[4 + j / 2] >> (4 * (j % 2))) & 15;
  const int high = (LoadU16(block + 2) >> (2 * j)) & 3;
  SetScales(LoadHalf(block) * static_cast<float>((low | high << 4) - 32), 0,
            out);
}

bool ReadBlock32(DType type, const uint8_t* block, SubBlock* out) {
  switch (type) {
    case DType::kQ5_0:
      ReadFiveBits(block + 2, block + 6, 16, out);
      SetScales(LoadHalf(block), 0, out);
      return true;
    case DType::kQ5_1:
      ReadFiveBits(block + 4, block + 8, 0, out);
      SetScales(LoadHalf(block), LoadHalf(block + 2), out);
      return true;
    case DType::kIQ4_NL:
      ReadLevels(block + 2, kIq4Levels, out);
      SetScales(LoadHalf(block), 0, out);
      return true;
    case DType::kMXFP4:
      ReadLevels(block + 1, kE2M1Doubled, out);
      SetScales(HalfOfE8M0(block[0]), 0, out);
      return true;
    default:
      return false;
  }
}

}  // namespace

bool ReadSubBlock(DType type, const uint8_t* row, int64_t index,
                  SubBlock* out) {
  const DTypeInfo& info = GetDTypeInfo(type);
  const int64_t per_block = info.block_elements / 32;
  if (per_block < 1) return false;
  const uint8_t* const block = row + index / per_block * info.block_bytes;
  const int j = static_cast<int>(index % per_block);
  switch (type) {
    case DType::kQ2_K:
      ReadQ2K(block, j, out);
      return true;
    case DType::kQ3_K:
      ReadQ3K(block, j, out);
      return true;
    case DType::kQ4_K:
      ReadQ4K(block, j, out);
      return true;
    case DType::kQ5_K:
      ReadQ5K(block, j, out);
      return true;
    case DType::kQ6_K:
      ReadQ6K(block, j, out);
      return true;
    case DType::kIQ4_XS:
      ReadIq4Xs(block, j, out);
      return true;
    default:
      return ReadBlock32(type, block, out);
  }
}

}  // namespace inlay::kernels::cpu::internal
