// The AVX-VNNI kernel with AVX-512's encoding of the same instructions, so that
// processors with that set alone can test it.
#include "tests/kernels/avxvnni_as_avx512.h"

#define LinearInt8AvxVnni LinearInt8AvxVnniAsAvx512
#include "kernels/cpu/linear_int8_avxvnni.cc"
#undef LinearInt8AvxVnni
