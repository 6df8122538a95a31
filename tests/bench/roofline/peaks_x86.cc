#include "tests/bench/roofline/peak_loop.h"
#include "tests/bench/roofline/peaks.h"

#if defined(__x86_64__)
#include <cpuid.h>

namespace inlay::roofline {
namespace {

// Operands in the assembler's order: sources, then the register of the sum.
INLAY_PEAK_LOOP(Fma128, "fma", 16, "x", "vfmadd231ps %1, %2, %0")
INLAY_PEAK_LOOP(Fma256, "fma", 32, "x", "vfmadd231ps %1, %2, %0")
INLAY_PEAK_LOOP(Fma512, "avx512f", 64, "v", "vfmadd231ps %1, %2, %0")
INLAY_PEAK_LOOP(VexDot128, "avx2", 16, "x", "%{vex%} vpdpbusd %1, %2, %0")
INLAY_PEAK_LOOP(VexDot256, "avx2", 32, "x", "%{vex%} vpdpbusd %1, %2, %0")
INLAY_PEAK_LOOP(Dot128, "avx512vl", 16, "v", "%{evex%} vpdpbusd %1, %2, %0")
INLAY_PEAK_LOOP(Dot256, "avx512vl", 32, "v", "%{evex%} vpdpbusd %1, %2, %0")
INLAY_PEAK_LOOP(Dot512, "avx512f", 64, "v", "vpdpbusd %1, %2, %0")
INLAY_PEAK_LOOP(Bf16128, "avx512vl", 16, "v", "vdpbf16ps %1, %2, %0")
INLAY_PEAK_LOOP(Bf16256, "avx512vl", 32, "v", "vdpbf16ps %1, %2, %0")
INLAY_PEAK_LOOP(Bf16512, "avx512f", 64, "v", "vdpbf16ps %1, %2, %0")

struct Features {
  bool fma, vex_vnni, avx512, vl, vnni, bf16;
};

Features Detect() {
  Features f = {};
  f.fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  f.avx512 = __builtin_cpu_supports("avx512f");
  f.vl = f.avx512 && __builtin_cpu_supports("avx512vl");
  f.vnni = f.avx512 && __builtin_cpu_supports("avx512vnni");
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0) return f;
  f.vex_vnni = f.fma && (a >> 4 & 1) != 0;
  f.bf16 = f.avx512 && (a >> 5 & 1) != 0;
  return f;
}

}  // namespace

// Sixteen registers have room for the two operands and thirteen sums,
// thirty-two for twenty-four. Latency times rate is 12 at most.
#define INLAY_SIXTEEN(name)                      \
  {                                              \
    {6, name<6>}, {8, name<8>}, { 13, name<13> } \
  }
#define INLAY_THIRTY_TWO(name)                     \
  {                                                \
    {8, name<8>}, {12, name<12>}, { 24, name<24> } \
  }

void AddX86Instructions(std::vector<Instruction>* list) {
  const Features f = Detect();
  const bool dot_vl = f.vnni && f.vl, bf16_vl = f.bf16 && f.vl;
  const std::vector<Instruction> all = {
      {"fma_f32_128", f.fma, 4, INLAY_SIXTEEN(Fma128)},
      {"fma_f32_256", f.fma, 8, INLAY_SIXTEEN(Fma256)},
      {"fma_f32_512", f.avx512, 16, INLAY_THIRTY_TWO(Fma512)},
      {"vpdpbusd128_vex", f.vex_vnni, 16, INLAY_SIXTEEN(VexDot128)},
      {"vpdpbusd256_vex", f.vex_vnni, 32, INLAY_SIXTEEN(VexDot256)},
      {"vpdpbusd128", dot_vl, 16, INLAY_THIRTY_TWO(Dot128)},
      {"vpdpbusd256", dot_vl, 32, INLAY_THIRTY_TWO(Dot256)},
      {"vpdpbusd512", f.vnni, 64, INLAY_THIRTY_TWO(Dot512)},
      {"vdpbf16ps128", bf16_vl, 8, INLAY_THIRTY_TWO(Bf16128)},
      {"vdpbf16ps256", bf16_vl, 16, INLAY_THIRTY_TWO(Bf16256)},
      {"vdpbf16ps512", f.bf16, 32, INLAY_THIRTY_TWO(Bf16512)}};
  list->insert(list->end(), all.begin(), all.end());
}

}  // namespace inlay::roofline

#else

namespace inlay::roofline {
void AddX86Instructions(std::vector<Instruction>*) {}
}  // namespace inlay::roofline

#endif  // __x86_64__
