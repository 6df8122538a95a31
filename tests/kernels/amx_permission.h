// Permission to use AMX, for tests that run it.
#ifndef INLAY_TESTS_KERNELS_AMX_PERMISSION_H_
#define INLAY_TESTS_KERNELS_AMX_PERMISSION_H_

#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "kernels/cpu/isa.h"

namespace inlay::kernels::cpu {

// Whether tests can force `isa` here; asks for what it needs.
inline bool CanRun(Isa isa) {
  if (!IsaSupported(isa)) return false;
#if defined(__x86_64__)
  if (NeedsPermission(isa)) {
    constexpr long kRequest = 0x1023, kTileData = 18;  // as cpp/base/os_amx.cc
    return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  }
#endif
  return true;
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_TESTS_KERNELS_AMX_PERMISSION_H_
