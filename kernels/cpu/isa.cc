// What this processor and its operating system can run.
//
// An instruction set counts only if the operating system also saves its
// registers: CPUID says what the processor decodes, XGETBV which register
// state is kept across context switches (Intel SDM, volume 1, 13.3 and 14.3).
#include "kernels/cpu/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#if defined(__aarch64__) && defined(__linux__)
// Of the C library; kernels include no header of an operating system.
extern "C" unsigned long getauxval(unsigned long type) noexcept;
#endif

namespace inlay::kernels::cpu {
namespace {

#if defined(__x86_64__)

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers Cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
  if (__get_cpuid_max(0, nullptr) < leaf) return r;
  __cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
  return r;
}

uint64_t EnabledState() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

constexpr uint32_t Bit(int n) { return uint32_t{1} << n; }
constexpr bool All(uint32_t value, uint32_t bits) {
  return (value & bits) == bits;
}

bool HasAvx2() {
  const Registers one = Cpuid(1, 0);
  // FMA, OSXSAVE, AVX, F16C.
  if (!All(one.ecx, Bit(12) | Bit(27) | Bit(28) | Bit(29))) return false;
  if ((EnabledState() & 0x6) != 0x6) return false;  // XMM, YMM
  return All(Cpuid(7, 0).ebx, Bit(5) | Bit(8));     // AVX2, BMI2
}

bool HasAvxVnni() {
  return HasAvx2() && Cpuid(7, 0).eax >= 1 && All(Cpuid(7, 1).eax, Bit(4));
}

bool HasAvx512() {
  if (!HasAvx2()) return false;
  if ((EnabledState() & 0xe6) != 0xe6) return false;  // and opmask, ZMM
  const Registers seven = Cpuid(7, 0);
  // F, DQ, BW, VL; VNNI.
  return All(seven.ebx, Bit(16) | Bit(17) | Bit(30) | Bit(31)) &&
         All(seven.ecx, Bit(11));
}

bool HasAvx512Bf16() {
  return HasAvx512() && Cpuid(7, 0).eax >= 1 && All(Cpuid(7, 1).eax, Bit(5));
}

bool HasAmx() {
  if (!HasAvx512Bf16()) return false;
  if ((EnabledState() & 0x60000) != 0x60000) return false;  // TILECFG, TILEDATA
  // AMX-BF16, AMX-TILE, AMX-INT8.
  return All(Cpuid(7, 0).edx, Bit(22) | Bit(24) | Bit(25));
}

#else

bool HasAvx2() { return false; }
bool HasAvxVnni() { return false; }
bool HasAvx512() { return false; }
bool HasAvx512Bf16() { return false; }
bool HasAmx() { return false; }

#endif

// Arm: what Linux reports in the auxiliary vector (its documentation, "ARM64
// ELF hwcaps"), which leaves out what it does not save or has switched off. The
// identification registers would say the same, but reading them is a fault
// before Linux 4.11. Elsewhere the build says what it relies on.
#if defined(__aarch64__) && defined(__linux__)

bool HasHwcaps(unsigned long vector, unsigned long bits) {
  return (getauxval(vector) & bits) == bits;
}
constexpr unsigned long kHwcap = 16, kHwcap2 = 26;  // AT_HWCAP, AT_HWCAP2

bool HasNeon() {
  // FPHP, ASIMDHP: arithmetic on half precision; ASIMDDP: dot products.
  return HasHwcaps(kHwcap, 1ul << 9 | 1ul << 10 | 1ul << 20);
}
bool HasNeonI8mm() {
  return HasNeon() && HasHwcaps(kHwcap2, 1ul << 13 | 1ul << 14);  // I8MM, BF16
}

#elif defined(__ARM_FEATURE_DOTPROD) && \
    defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)

bool HasNeon() { return true; }
#if defined(__ARM_FEATURE_MATMUL_INT8) && \
    defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
bool HasNeonI8mm() { return true; }
#else
bool HasNeonI8mm() { return false; }
#endif

#else

bool HasNeon() { return false; }
bool HasNeonI8mm() { return false; }

#endif

}  // namespace

bool IsaSupported(Isa isa) {
  switch (isa) {
    case Isa::kReference:
      return true;
    case Isa::kAvx2:
      return HasAvx2();
    case Isa::kAvxVnni:
      return HasAvxVnni();
    case Isa::kAvx512:
      return HasAvx512();
    case Isa::kAvx512Bf16:
      return HasAvx512Bf16();
    case Isa::kAmxInt8:
    case Isa::kAmx:
      return HasAmx();
    case Isa::kNeon:
      return HasNeon();
    case Isa::kNeonI8mm:
      return HasNeonI8mm();
  }
  return false;
}

Isa BestIsa(bool permission) {
  Isa best = Isa::kReference;
  for (Isa isa : kIsas) {
    if (NeedsPermission(isa) && !permission) continue;
    if (IsaSupported(isa)) best = isa;
  }
  return best;
}

const char* IsaName(Isa isa) {
  switch (isa) {
    case Isa::kReference:
      return "reference";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvxVnni:
      return "avx_vnni";
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx512Bf16:
      return "avx512_bf16";
    case Isa::kAmxInt8:
      return "amx_int8";
    case Isa::kAmx:
      return "amx";
    case Isa::kNeon:
      return "neon";
    case Isa::kNeonI8mm:
      return "neon_i8mm";
  }
  return "unknown";
}

Isa VectorIsa(Isa isa) {
  switch (isa) {
    case Isa::kReference:
      break;
    case Isa::kAvx2:
    case Isa::kAvxVnni:
      return Isa::kAvx2;
    case Isa::kAvx512:
    case Isa::kAvx512Bf16:
    case Isa::kAmxInt8:
    case Isa::kAmx:
      return Isa::kAvx512;
    case Isa::kNeon:
    case Isa::kNeonI8mm:
      return Isa::kNeon;
  }
  return Isa::kReference;
}

}  // namespace inlay::kernels::cpu
