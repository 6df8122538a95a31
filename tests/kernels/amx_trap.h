// Carries out AMX instructions in software where the processor has none: each
// is a trap, whose handler decodes it and runs it on the model of the tiles.
// So the very code made for processors with AMX runs here.
#ifndef INLAY_TESTS_KERNELS_AMX_TRAP_H_
#define INLAY_TESTS_KERNELS_AMX_TRAP_H_

#include <signal.h>
#include <stdint.h>

#include "kernels/cpu/amx_config.h"

namespace inlay::kernels::cpu {

// For one thread, one at a time.
class AmxTrap {
 public:
  AmxTrap();
  ~AmxTrap();
  AmxTrap(const AmxTrap&) = delete;
  AmxTrap& operator=(const AmxTrap&) = delete;

  int64_t instructions() const;  // carried out so far
  internal::TileFault fault() const;
  bool configured() const;  // false after TILERELEASE

 private:
  struct sigaction old_;
};

}  // namespace inlay::kernels::cpu

#endif  // INLAY_TESTS_KERNELS_AMX_TRAP_H_
