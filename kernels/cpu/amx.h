// The tile instructions of AMX, the only place that has them. Kernels are
// templates on a class with these functions: HardwareTiles here, ModelTiles in
// amx_model.h. Tile numbers are template arguments, as the instructions encode
// them.
//
// These are inline assembly and not the compiler's intrinsics: those of GCC 12
// do not tell it that a tile load reads memory, so that stores before the load
// may be moved behind it.
#ifndef INLAY_KERNELS_CPU_AMX_H_
#define INLAY_KERNELS_CPU_AMX_H_

#include <stddef.h>
#include <stdint.h>

#include "kernels/cpu/amx_config.h"

namespace inlay::kernels::cpu::internal {
namespace {

// The calling thread's tiles. The process must have the system's permission to
// use them (base/os_amx.h).
class HardwareTiles {
 public:
  // Sets the shapes; all tiles become zero.
  static void Configure(const TileConfig& config) {
    asm volatile("ldtilecfg %0" : : "m"(config));
  }
  // Back to the state of a thread that never used tiles.
  static void Release() { asm volatile("tilerelease"); }

  template <int T>
  static void Zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(T));
  }
  // Rows `stride` bytes apart.
  template <int T>
  static void Load(const void* base, size_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2"
                 :
                 : "r"(base), "r"(stride), "i"(T)
                 : "memory");
  }
  template <int T>
  static void Store(void* base, size_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)"
                 :
                 : "r"(base), "r"(stride), "i"(T)
                 : "memory");
  }
  // C += A B over pairs of bfloat16, in F32.
  template <int C, int A, int B>
  static void DotBf16() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0"
                 :
                 : "i"(C), "i"(A), "i"(B));
  }
  // C += A B over fours of bytes, A signed and B not, in 32 bits.
  template <int C, int A, int B>
  static void DotInt8() {
    asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0"
                 :
                 : "i"(C), "i"(A), "i"(B));
  }
};

}  // namespace
}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_AMX_H_
