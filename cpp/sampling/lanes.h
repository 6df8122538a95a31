// Four floats at once, in the vector types of GCC and Clang: the compilers do
// not make vectors of loops over a maximum or a sum, whose order they must
// keep. The order here is the same on every processor. Private to cpp/sampling.
#ifndef INLAY_SAMPLING_LANES_H_
#define INLAY_SAMPLING_LANES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace inlay::sampling {

using Float4 = float __attribute__((vector_size(16)));
using Mask4 = int32_t __attribute__((vector_size(16)));  // -1: true
using Double2 = double __attribute__((vector_size(16)));

inline Float4 Load4(const float* from) {
  Float4 lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}

inline Float4 AllOf(float x) { return Float4{x, x, x, x}; }

// The second where the first is not a number.
template <typename T>
T Larger(T a, T b) {
  return a > b ? a : b;
}

inline float Maximum(Float4 lanes) {
  return Larger(Larger(lanes[0], lanes[1]), Larger(lanes[2], lanes[3]));
}

inline Double2 LowDoubles(Float4 lanes) { return Double2{lanes[0], lanes[1]}; }
inline Double2 HighDoubles(Float4 lanes) { return Double2{lanes[2], lanes[3]}; }

}  // namespace inlay::sampling

#endif  // INLAY_SAMPLING_LANES_H_
