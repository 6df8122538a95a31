#include "tests/bench/roofline/peaks.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

#include "tests/bench/roofline/peak_loop.h"

namespace inlay::roofline {
namespace {

#define INLAY_ARM_LOOP(name, instructions, text) \
  INLAY_PEAK_LOOP(name, instructions, 16, "w", text)

INLAY_ARM_LOOP(Fmla, "+simd", "fmla %0.4s, %1.4s, %2.4s")
INLAY_ARM_LOOP(Sdot, "arch=armv8.2-a+dotprod", "sdot %0.4s, %1.16b, %2.16b")
INLAY_ARM_LOOP(Usdot, "arch=armv8.2-a+i8mm", "usdot %0.4s, %1.16b, %2.16b")
INLAY_ARM_LOOP(Smmla, "arch=armv8.2-a+i8mm", "smmla %0.4s, %1.16b, %2.16b")
INLAY_ARM_LOOP(Bfdot, "arch=armv8.2-a+bf16", "bfdot %0.4s, %1.8h, %2.8h")
INLAY_ARM_LOOP(Bfmmla, "arch=armv8.2-a+bf16", "bfmmla %0.4s, %1.8h, %2.8h")

// Bits of AT_HWCAP and AT_HWCAP2 (Linux, arch/arm64/include/uapi/asm/hwcap.h).
constexpr unsigned long kDotProduct = 1ul << 20;
constexpr unsigned long kI8mm = 1ul << 13;
constexpr unsigned long kBf16 = 1ul << 14;

}  // namespace

// Latency times rate is 16 at most.
#define INLAY_LOOPS(name)                          \
  {                                                \
    {8, name<8>}, {16, name<16>}, { 24, name<24> } \
  }

void AddArmInstructions(std::vector<Instruction>* list) {
  const bool dot = (getauxval(AT_HWCAP) & kDotProduct) != 0;
  const bool i8mm = (getauxval(AT_HWCAP2) & kI8mm) != 0;
  const bool bf16 = (getauxval(AT_HWCAP2) & kBf16) != 0;
  const std::vector<Instruction> all = {
      {"fmla_f32", true, 4, INLAY_LOOPS(Fmla)},
      {"sdot", dot, 16, INLAY_LOOPS(Sdot)},
      {"usdot", i8mm, 16, INLAY_LOOPS(Usdot)},
      {"smmla", i8mm, 32, INLAY_LOOPS(Smmla)},
      {"bfdot", bf16, 8, INLAY_LOOPS(Bfdot)},
      {"bfmmla", bf16, 16, INLAY_LOOPS(Bfmmla)}};
  list->insert(list->end(), all.begin(), all.end());
}

}  // namespace inlay::roofline

#else

namespace inlay::roofline {
void AddArmInstructions(std::vector<Instruction>*) {}
}  // namespace inlay::roofline

#endif  // __aarch64__ && __linux__
