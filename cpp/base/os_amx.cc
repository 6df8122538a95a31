#include "cpp/base/os_amx.h"

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#endif

namespace inlay {

#if defined(__linux__) && defined(__x86_64__)
namespace {

// Linux, Documentation/arch/x86/xstate.rst; not in every libc's headers.
constexpr long kGetSupported = 0x1021;
constexpr long kGetPermitted = 0x1022;
constexpr long kRequest = 0x1023;
constexpr long kTileData = 18;

bool HasTileData(long question) {
  uint64_t features = 0;
  return syscall(SYS_arch_prctl, question, &features) == 0 &&
         (features >> kTileData & 1) != 0;
}

}  // namespace

bool AmxOffered() noexcept {
  return HasTileData(kGetPermitted) || HasTileData(kGetSupported);
}

bool RequestAmx() noexcept {
  if (HasTileData(kGetPermitted)) return true;
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}

#else

bool AmxOffered() noexcept { return false; }
bool RequestAmx() noexcept { return false; }

#endif

}  // namespace inlay
