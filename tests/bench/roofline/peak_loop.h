// A loop of one instruction over registers, written in assembly so that it is
// this instruction and no other that is measured.
#ifndef INLAY_TESTS_BENCH_ROOFLINE_PEAK_LOOP_H_
#define INLAY_TESTS_BENCH_ROOFLINE_PEAK_LOOP_H_

#include <stdint.h>

#include <cstring>

// name<kSums>(repetitions) adds to each of kSums registers in turn. The
// operands hold 0x3f80 throughout: about one in BF16 and F32.
#define INLAY_PEAK_LOOP(name, instructions, bytes, kind, text)               \
  template <int kSums>                                                       \
  __attribute__((target(instructions))) void name(int64_t repetitions) {     \
    typedef uint8_t Vector __attribute__((vector_size(bytes)));              \
    uint8_t ones[bytes];                                                     \
    for (int i = 0; i < bytes; ++i) ones[i] = i % 2 == 0 ? 0x80 : 0x3f;      \
    Vector a, b, sum[kSums];                                                 \
    std::memcpy(&a, ones, bytes);                                            \
    b = a;                                                                   \
    _Pragma("GCC unroll 32") for (int i = 0; i < kSums; ++i) sum[i] = a ^ b; \
    for (; repetitions > 0; --repetitions) {                                 \
      _Pragma("GCC unroll 32") for (int i = 0; i < kSums; ++i) {             \
        asm volatile(text : "+" kind(sum[i]) : kind(a), kind(b));            \
      }                                                                      \
    }                                                                        \
    _Pragma("GCC unroll 32") for (int i = 0; i < kSums; ++i) {               \
      asm volatile("" : : kind(sum[i]));                                     \
    }                                                                        \
  }

#endif  // INLAY_TESTS_BENCH_ROOFLINE_PEAK_LOOP_H_
