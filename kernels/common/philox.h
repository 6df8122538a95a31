// Philox4x32-10, a counter-based generator (Salmon et al., 2011, "Parallel
// random numbers: as easy as 1, 2, 3"). A pure function of key and counter, so
// a draw is the same on every device and in every order.
#ifndef INLAY_KERNELS_COMMON_PHILOX_H_
#define INLAY_KERNELS_COMMON_PHILOX_H_

#include <array>
#include <cstdint>

namespace inlay::kernels {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// 128 random bits.
constexpr PhiloxCounter Philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53u} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9u;  // golden ratio
    key[1] += 0xBB67AE85u;  // sqrt(3) - 1
  }
  return counter;
}

// Uniform in [0, 1), 53 bits, for draw `index` of stream (seed, position).
constexpr double UniformDraw(uint64_t seed, uint64_t position, uint64_t index) {
  const PhiloxCounter bits = Philox4x32(
      {static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32),
       static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  const uint64_t word = (uint64_t{bits[1]} << 32) | bits[0];
  return static_cast<double>(word >> 11) * 0x1p-53;
}

}  // namespace inlay::kernels

#endif  // INLAY_KERNELS_COMMON_PHILOX_H_
