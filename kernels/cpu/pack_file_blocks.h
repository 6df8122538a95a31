// The blocks of each file type, taken apart into codes and scales as the packed
// formats hold them. Private to kernels/cpu. Layouts are those of the GGUF
// format and, for MXFP4, of the OCP microscaling formats 1.0.
//
//   kBytes            of a block of the file
//   Read(block, j)    codes of columns [32 j, 32 j + 32) of the block
//   Scale(block)      the 16 bits of its scale; Minimum(block) of its minimum
//   Parts(block)      blocks of 256: the bytes below these
#ifndef INLAY_KERNELS_CPU_PACK_FILE_BLOCKS_H_
#define INLAY_KERNELS_CPU_PACK_FILE_BLOCKS_H_

#include <cstdint>

#include "kernels/common/dtype.h"
#include "kernels/cpu/pack_codes.h"

namespace inlay::kernels::cpu::internal {

template <DType>
struct FileBlock;

// Blocks of 32 begin with an F16 scale; those with minima continue with them.
template <int kSize>
struct HalfScaled {
  static constexpr int kBytes = kSize;
  static uint16_t Scale(const uint8_t* block) { return LoadU16(block); }
  static uint16_t Minimum(const uint8_t* block) { return LoadU16(block + 2); }
};

template <>
struct FileBlock<DType::kQ8_0> : HalfScaled<34> {
  static Codes Read(const uint8_t* block, int) {
    Codes codes;
    for (int i = 0; i < 4; ++i) {
      codes.c[i] = LoadU64(block + 2 + 8 * i) ^ Bytes(128);  // + 128
    }
    return codes;
  }
};
template <>
struct FileBlock<DType::kQ4_0> : HalfScaled<18> {
  static Codes Read(const uint8_t* block, int) {
    return CodesOfNibbles(block + 2);
  }
};
template <>
struct FileBlock<DType::kQ4_1> : HalfScaled<20> {
  static Codes Read(const uint8_t* block, int) {
    return CodesOfNibbles(block + 4);
  }
};
template <>
struct FileBlock<DType::kIQ4_NL> : FileBlock<DType::kQ4_0> {};

// Five bits. Q5_0 stands for the code - 16, kQ6 for the code - 32.
template <>
struct FileBlock<DType::kQ5_0> : HalfScaled<22> {
  static Codes Read(const uint8_t* block, int) {
    const Codes high = CodesOfMask(LoadU32(block + 2));
    return Add(Join(CodesOfNibbles(block + 6), high, 4), 16);
  }
};
template <>
struct FileBlock<DType::kQ5_1> : HalfScaled<24> {
  static Codes Read(const uint8_t* block, int) {
    const Codes high = CodesOfMask(LoadU32(block + 4));
    return Join(CodesOfNibbles(block + 8), high, 4);
  }
};

template <>
struct FileBlock<DType::kMXFP4> {
  static constexpr int kBytes = 17;
  // Half of 2^(e - 127), the levels being doubled, as a bfloat16: subnormal
  // for e < 2.
  static uint16_t Scale(const uint8_t* block) {
    const uint32_t e = block[0];
    return static_cast<uint16_t>(e < 2 ? 0x20u << e : (e - 1) << 7);
  }
  static Codes Read(const uint8_t* block, int) {
    return CodesOfNibbles(block + 1);
  }
};

// Scales, and minima, of the 16 or 32 columns each of a block of 256.
struct SuperParts {
  uint8_t s[16];
  uint8_t m[16];
};

// The 12 bytes of 6-bit scales and minima of Q4_K and Q5_K.
inline SuperParts SixBitParts(const uint8_t* p) {
  SuperParts parts = {};
  for (int j = 0; j < 4; ++j) {
    parts.s[j] = p[j] & 63;
    parts.m[j] = p[j + 4] & 63;
    parts.s[j + 4] = static_cast<uint8_t>((p[j + 8] & 15) | (p[j] >> 6) << 4);
    parts.m[j + 4] =
        static_cast<uint8_t>((p[j + 8] >> 4) | (p[j + 4] >> 6) << 4);
  }
  return parts;
}

template <>
struct FileBlock<DType::kQ4_K> : HalfScaled<144> {
  static SuperParts Parts(const uint8_t* block) {
    return SixBitParts(block + 4);
  }
  static Codes Read(const uint8_t* block, int j) {
    return CodesOfBits(block + 16 + 32 * (j / 2), 4 * (j % 2), 15);
  }
};
template <>
struct FileBlock<DType::kQ5_K> : HalfScaled<176> {
  static SuperParts Parts(const uint8_t* block) {
    return SixBitParts(block + 4);
  }
  static Codes Read(const uint8_t* block, int j) {
    return Join(CodesOfBits(block + 48 + 32 * (j / 2), 4 * (j % 2), 15),
                CodesOfBits(block + 16, j, 1), 4);
  }
};

template <>
struct FileBlock<DType::kQ6_K> {
  static constexpr int kBytes = 210;
  static uint16_t Scale(const uint8_t* block) { return LoadU16(block + 208); }
  static SuperParts Parts(const uint8_t* block) {
    SuperParts parts = {};
    std::memcpy(parts.s, block + 192, 16);
    return parts;
  }
  // Halves of 128 columns have 64 bytes of low and 32 bytes of high bits;
  // quarter k of them takes nibble k / 2 and bit pair k.
  static Codes Read(const uint8_t* block, int j) {
    const int half = j / 4, quarter = j % 4;
    const uint8_t* const low = block + 64 * half + 32 * (quarter % 2);
    const uint8_t* const high = block + 128 + 32 * half;
    return Join(CodesOfBits(low, 4 * (quarter / 2), 15),
                CodesOfBits(high, 2 * quarter, 3), 4);
  }
};

template <>
struct FileBlock<DType::kQ3_K> {
  static constexpr int kBytes = 110;
  static uint16_t Scale(const uint8_t* block) { return LoadU16(block + 108); }
  static SuperParts Parts(const uint8_t* block) {
    const uint8_t* const p = block + 96;
    SuperParts parts = {};
    for (int g = 0; g < 16; ++g) {
      const int low = g < 8 ? p[g] & 15 : p[g - 8] >> 4;
      const int high = (p[8 + g % 4] >> (2 * (g / 4))) & 3;
      parts.s[g] = static_cast<uint8_t>((low | high << 4) - 32);
    }
    return parts;
  }
  // A clear high bit subtracts 4. kK4 stands for the code - 8.
  static Codes Read(const uint8_t* block, int j) {
    const Codes low = CodesOfBits(block + 32 + 32 * (j / 4), 2 * (j % 4), 3);
    return Add(Join(low, CodesOfBits(block, j, 1), 2), 4);
  }
};

template <>
struct FileBlock<DType::kQ2_K> {
  static constexpr int kBytes = 84;
  static uint16_t Scale(const uint8_t* block) { return LoadU16(block + 80); }
  static uint16_t Minimum(const uint8_t* block) { return LoadU16(block + 82); }
  static SuperParts Parts(const uint8_t* block) {
    SuperParts parts = {};
    for (int g = 0; g < 16; ++g) {
      parts.s[g] = block[g] & 15;
      parts.m[g] = static_cast<uint8_t>(block[g] >> 4);
    }
    return parts;
  }
  static Codes Read(const uint8_t* block, int j) {
    return CodesOfBits(block + 16 + 32 * (j / 4), 2 * (j % 4), 3);
  }
};

template <>
struct FileBlock<DType::kIQ4_XS> {
  static constexpr int kBytes = 136;
  static uint16_t Scale(const uint8_t* block) { return LoadU16(block); }
  static SuperParts Parts(const uint8_t* block) {
    const int high = LoadU16(block + 2);
    SuperParts parts = {};
    for (int j = 0; j < 8; ++j) {
      const int low = (block[4 + j / 2] >> (4 * (j % 2))) & 15;
      parts.s[j] =
          static_cast<uint8_t>((low | ((high >> (2 * j)) & 3) << 4) - 32);
    }
    return parts;
  }
  static Codes Read(const uint8_t* block, int j) {
    return CodesOfNibbles(block + 8 + 16 * j);
  }
};

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_PACK_FILE_BLOCKS_H_
