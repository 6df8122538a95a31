// Element types of the cache, as kernels load them. Loads are exact; what they
// leave out is a factor of the whole head: of kFp8 the power of two below.
#ifndef INLAY_KERNELS_CPU_ATTENTION_LOAD_H_
#define INLAY_KERNELS_CPU_ATTENTION_LOAD_H_

#include <stdint.h>

namespace inlay::kernels::cpu {
namespace {

struct Half {
  uint16_t bits;
};
struct Bfloat16 {
  uint16_t bits;
};
struct Int8 {
  int8_t value;
};
// An E4M3 number read as the top of a binary16 with the same digits is the same
// number times 2^-8, because the exponent biases are 7 and 15; subnormal
// numbers too.
struct Fp8 {
  uint8_t bits;
};
constexpr float kFp8Unit = 256.0f;

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ATTENTION_LOAD_H_
