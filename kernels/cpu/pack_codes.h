// Codes of 32 columns, eight to a 64-bit word, and the words that the packed
// layouts are made of (see linear_layout.h). Private to kernels/cpu.
#ifndef INLAY_KERNELS_CPU_PACK_CODES_H_
#define INLAY_KERNELS_CPU_PACK_CODES_H_

#include <cstdint>
#include <cstring>

namespace inlay::kernels::cpu::internal {

// The value `v` in every byte.
constexpr uint64_t Bytes(uint8_t v) { return 0x0101010101010101u * v; }

inline uint64_t LoadU64(const uint8_t* p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}
inline uint32_t LoadU32(const uint8_t* p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}
inline uint16_t LoadU16(const uint8_t* p) {
  uint16_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

// Byte k % 8 of c[k / 8] is the code of column k.
struct Codes {
  uint64_t c[4];
};

// 16 bytes whose low halves are the first 16 columns.
inline Codes CodesOfNibbles(const uint8_t* p) {
  const uint64_t a = LoadU64(p), b = LoadU64(p + 8);
  const uint64_t mask = Bytes(15);
  return {{a & mask, b & mask, a >> 4 & mask, b >> 4 & mask}};
}

// `mask` of 32 bytes, from bit `shift` on.
inline Codes CodesOfBits(const uint8_t* p, int shift, uint8_t mask) {
  Codes codes;
  for (int i = 0; i < 4; ++i) {
    codes.c[i] = LoadU64(p + 8 * i) >> shift & Bytes(mask);
  }
  return codes;
}

// a + (b << shift), byte by byte: no byte may overflow.
inline Codes Join(const Codes& a, const Codes& b, int shift) {
  Codes codes;
  for (int i = 0; i < 4; ++i) codes.c[i] = a.c[i] + (b.c[i] << shift);
  return codes;
}

inline Codes Add(const Codes& a, uint8_t value) {
  Codes codes;
  for (int i = 0; i < 4; ++i) codes.c[i] = a.c[i] + Bytes(value);
  return codes;
}

// Bit k of `bits` as the code of column k.
inline Codes CodesOfMask(uint32_t bits) {
  Codes codes;
  for (int i = 0; i < 4; ++i) {
    const uint64_t eight = Bytes(static_cast<uint8_t>(bits >> (8 * i)));
    // In byte n only bit n is left, then moved to bit 7, then to bit 0.
    const uint64_t single = eight & 0x8040201008040201u;
    codes.c[i] = (single + Bytes(0x7f)) >> 7 & Bytes(1);
  }
  return codes;
}

// The words of one output in a block: word i goes to its place in row i of 16.
template <int kBits>
inline void ToWords(const Codes& codes, uint32_t* words);

template <>
inline void ToWords<8>(const Codes& codes, uint32_t* words) {
  std::memcpy(words, codes.c, 32);
}
template <>
inline void ToWords<4>(const Codes& codes, uint32_t* words) {
  const uint64_t pairs[2] = {codes.c[0] | codes.c[2] << 4,
                             codes.c[1] | codes.c[3] << 4};
  std::memcpy(words, pairs, 16);
}
template <>
inline void ToWords<2>(const Codes& codes, uint32_t* words) {
  const uint64_t all =
      codes.c[0] | codes.c[1] << 2 | codes.c[2] << 4 | codes.c[3] << 6;
  std::memcpy(words, &all, 8);
}
template <>
inline void ToWords<6>(const Codes& codes, uint32_t* words) {
  Codes low, high;
  for (int i = 0; i < 4; ++i) {
    low.c[i] = codes.c[i] & Bytes(15);
    high.c[i] = codes.c[i] >> 4 & Bytes(3);
  }
  ToWords<4>(low, words);
  ToWords<2>(high, words + 4);
}

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_PACK_CODES_H_
