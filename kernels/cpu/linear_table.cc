// Which kernels each instruction set has.
#include "kernels/cpu/linear_amx.h"
#include "kernels/cpu/linear_kernels.h"

namespace inlay::kernels::cpu::internal {
namespace {

constexpr LinearKernels kReferenceKernels = {
    .floats = LinearFloatReference,
    .pairs = nullptr,
    .integers = LinearInt8Reference,
    .prepare_int8 = PrepareInt8Reference,
    .dot = DotReference,
};

#if defined(__x86_64__)

constexpr LinearKernels kAvx2Kernels = {
    .floats = LinearFloatAvx2,
    .pairs = nullptr,
    .integers = LinearInt8Avx2,
    .prepare_int8 = PrepareInt8Avx2,
    .dot = DotAvx2,
};

constexpr LinearKernels kAvxVnniKernels = {
    .floats = LinearFloatAvx2,
    .pairs = nullptr,
    .integers = LinearInt8AvxVnni,
    .prepare_int8 = PrepareInt8Avx2,
    .dot = DotAvx2,
};

constexpr LinearKernels kAvx512Kernels = {
    .floats = LinearFloatAvx512,
    .pairs = nullptr,
    .integers = LinearInt8Avx512,
    .prepare_int8 = PrepareInt8Avx512,
    .dot = DotAvx512,
};

constexpr LinearKernels kAvx512Bf16Kernels = {
    .floats = LinearFloatAvx512,
    .pairs = LinearBf16Avx512Bf16,
    .integers = kAvx512Kernels.integers,
    .prepare_int8 = PrepareInt8Avx512,
    .dot = DotAvx512,
    .prepare_bf16 = PrepareBf16Avx512Bf16,
};

// Tiles of bytes or of bfloat16, as the activations are prepared.
constexpr LinearKernels kAmxKernels = {
    .floats = LinearFloatAvx512,
    .pairs = LinearAmx,
    .integers = LinearAmx,
    .prepare_int8 = PrepareInt8Avx512,
    .dot = DotAvx512,
    .prepare_bf16 = PrepareBf16Avx512Bf16,
};

#elif defined(__aarch64__)

constexpr LinearKernels kNeonKernels = {
    .floats = LinearFloatNeon,
    .pairs = nullptr,
    .integers = LinearInt8Neon,
    .prepare_int8 = PrepareInt8Neon,
    .dot = DotNeon,
};

constexpr LinearKernels kNeonI8mmKernels = {
    .floats = LinearFloatNeon,
    .pairs = LinearBf16I8mm,
    .integers = LinearInt8I8mm,
    .prepare_int8 = PrepareInt8Neon,
    .dot = DotNeon,
    .prepare_bf16 = PrepareBf16I8mm,
};

#endif

}  // namespace

const LinearKernels& KernelsOf(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx2:
      return kAvx2Kernels;
    case Isa::kAvxVnni:
      return kAvxVnniKernels;
    case Isa::kAvx512:
      return kAvx512Kernels;
    case Isa::kAvx512Bf16:
      return kAvx512Bf16Kernels;
    case Isa::kAmxInt8:
    case Isa::kAmx:
      return kAmxKernels;
#elif defined(__aarch64__)
    case Isa::kNeon:
      return kNeonKernels;
    case Isa::kNeonI8mm:
      return kNeonI8mmKernels;
#endif
    default:
      return kReferenceKernels;
  }
}

}  // namespace inlay::kernels::cpu::internal
