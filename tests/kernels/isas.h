// The instruction sets that have row operations and attention of their own.
#ifndef INLAY_TESTS_KERNELS_ISAS_H_
#define INLAY_TESTS_KERNELS_ISAS_H_

#include <vector>

#include "kernels/cpu/isa.h"

namespace inlay::kernels::cpu {

inline std::vector<Isa> VectorIsas() {
  std::vector<Isa> isas;
  for (Isa isa : kIsas) {
    if (VectorIsa(isa) == isa) isas.push_back(isa);
  }
  return isas;
}

}  // namespace inlay::kernels::cpu

#endif  // INLAY_TESTS_KERNELS_ISAS_H_
