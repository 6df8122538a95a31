// Instruction sets the kernels are built for. Each includes those above it of
// its processor family, and is chosen by name or as the best that runs here.
#ifndef INLAY_KERNELS_CPU_ISA_H_
#define INLAY_KERNELS_CPU_ISA_H_

#include <cstdint>

namespace inlay::kernels::cpu {

enum class Isa : uint8_t {
  kReference = 0,  // plain C++
  kAvx2,           // AVX2, FMA, F16C
  kAvxVnni,        // and AVX-VNNI
  kAvx512,         // AVX-512 F, BW, DQ, VL, VNNI
  kAvx512Bf16,     // and AVX-512 BF16
  kAmxInt8,        // and AMX TILE, INT8, BF16: tiles of bytes
  kAmx,            // the same: tiles of bfloat16
  kNeon,           // Armv8.2 with dot product and half precision
  kNeonI8mm,       // and I8MM, BF16
};

// Those of the processor family this is built for, in ascending order.
#if defined(__x86_64__)
inline constexpr Isa kIsas[] = {
    Isa::kReference,  Isa::kAvx2,    Isa::kAvxVnni, Isa::kAvx512,
    Isa::kAvx512Bf16, Isa::kAmxInt8, Isa::kAmx};
#elif defined(__aarch64__)
inline constexpr Isa kIsas[] = {Isa::kReference, Isa::kNeon, Isa::kNeonI8mm};
#else
inline constexpr Isa kIsas[] = {Isa::kReference};
#endif

// True if this processor, its operating system and this build can run `isa`.
// Sets that need permission also need the process to have it.
bool IsaSupported(Isa isa);
// The best that is supported; with a set that needs permission or without.
Isa BestIsa(bool permission = false);
const char* IsaName(Isa isa);

// True if the operating system keeps the set's registers only for processes
// that asked for it (see cpp/base/os_amx.h).
constexpr bool NeedsPermission(Isa isa) {
  return isa == Isa::kAmxInt8 || isa == Isa::kAmx;
}

// The set whose row operations and attention `isa` uses: kReference, kAvx2,
// kAvx512 or kNeon.
Isa VectorIsa(Isa isa);

}  // namespace inlay::kernels::cpu

#endif  // INLAY_KERNELS_CPU_ISA_H_
