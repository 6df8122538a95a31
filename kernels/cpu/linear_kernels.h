// One entry per kernel family and instruction set. Private to kernels/cpu.
// Arguments have been routed by Linear() and PrepareActivation().
#ifndef INLAY_KERNELS_CPU_LINEAR_KERNELS_H_
#define INLAY_KERNELS_CPU_LINEAR_KERNELS_H_

#include <stdint.h>

#include "kernels/cpu/linear.h"

namespace inlay::kernels::cpu::internal {

// Blocks whose values lie mostly on one side of zero are centred, which halves
// the step that an outlier would otherwise force on them. A block is centred
// if its range is under this fraction of the range that symmetric
// quantisation would cover.
inline constexpr float kCentreBelow = 0.7f;
// Blocks with no magnitude above 2^-100 are taken as zero, so that the
// reciprocal of their scale exists.
inline constexpr float kTiny = 0x1p-100f;

using LinearKernel = void (*)(const LinearArgs& args, int64_t out_begin,
                              int64_t out_end);
using DotKernel = float (*)(const float* a, const float* b, int64_t n);
using PrepareKernel = void (*)(const float* x, int64_t columns, uint8_t* dst);

void LinearInt8Reference(const LinearArgs&, int64_t, int64_t);
void LinearFloatReference(const LinearArgs&, int64_t, int64_t);
void PrepareInt8Reference(const float*, int64_t, uint8_t*);

void LinearInt8Avx2(const LinearArgs&, int64_t, int64_t);
void LinearInt8AvxVnni(const LinearArgs&, int64_t, int64_t);
void LinearFloatAvx2(const LinearArgs&, int64_t, int64_t);
void PrepareInt8Avx2(const float*, int64_t, uint8_t*);

void LinearInt8Avx512(const LinearArgs&, int64_t, int64_t);
void LinearFloatAvx512(const LinearArgs&, int64_t, int64_t);
void PrepareInt8Avx512(const float*, int64_t, uint8_t*);

void LinearBf16Avx512Bf16(const LinearArgs&, int64_t, int64_t);
void PrepareBf16Avx512Bf16(const float*, int64_t, uint8_t*);

void LinearInt8Neon(const LinearArgs&, int64_t, int64_t);
void LinearFloatNeon(const LinearArgs&, int64_t, int64_t);
void PrepareInt8Neon(const float*, int64_t, uint8_t*);

void LinearInt8I8mm(const LinearArgs&, int64_t, int64_t);
void LinearBf16I8mm(const LinearArgs&, int64_t, int64_t);
void PrepareBf16I8mm(const float*, int64_t, uint8_t*);

// Sum of a[i] * b[i] in the set's own fixed order.
float DotReference(const float* a, const float* b, int64_t n);
float DotAvx2(const float* a, const float* b, int64_t n);
float DotAvx512(const float* a, const float* b, int64_t n);
float DotNeon(const float* a, const float* b, int64_t n);
// What one instruction set computes products with. Where it adds nothing of
// its own, it has the entry of the set below it.
struct LinearKernels {
  LinearKernel floats;    // kF32, kF16, kBF16
  LinearKernel pairs;     // kBF16Pairs; null: recipes do not choose it
  LinearKernel integers;  // all other packed formats
  PrepareKernel prepare_int8;
  DotKernel dot;
  PrepareKernel prepare_bf16 = nullptr;  // null: in plain C++
};
// Of a supported set.
const LinearKernels& KernelsOf(Isa isa);

void LinearRaw(Isa isa, const LinearArgs&, int64_t, int64_t);

// What Linear does with a finished sum.
[[maybe_unused]] static inline void StoreOutput(const LinearArgs& args,
                                                int64_t row, int64_t out,
                                                float sum) {
  float* y = args.y + row * args.y_stride + out;
  if (args.bias != nullptr) sum += args.bias[out];
  *y = args.accumulate ? *y + sum : sum;
}

}  // namespace inlay::kernels::cpu::internal

#endif  // INLAY_KERNELS_CPU_LINEAR_KERNELS_H_
