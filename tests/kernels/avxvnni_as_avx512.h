#ifndef INLAY_TESTS_KERNELS_AVXVNNI_AS_AVX512_H_
#define INLAY_TESTS_KERNELS_AVXVNNI_AS_AVX512_H_

#include <cstdint>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu::internal {

void LinearInt8AvxVnniAsAvx512(const LinearArgs&, int64_t, int64_t);

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_TESTS_KERNELS_AVXVNNI_AS_AVX512_H_
