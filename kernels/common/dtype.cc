#include "kernels/common/dtype.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "kernels/common/dequantize.h"

namespace inlay::kernels {
namespace {

constexpr DTypeInfo kInfos[] = {
    {"F32", 1, 4, true},
    {"F16", 1, 2, true},
    {"BF16", 1, 2, true},
    {"Q4_0", 32, 2 + 16, true},
    {"Q4_1", 32, 2 + 2 + 16, true},
    {"Q5_0", 32, 2 + 4 + 16, true},
    {"Q5_1", 32, 2 + 2 + 4 + 16, true},
    {"Q8_0", 32, 2 + 32, true},
    {"Q2_K", 256, 16 + 64 + 2 + 2, true},
    {"Q3_K", 256, 32 + 64 + 12 + 2, true},
    {"Q4_K", 256, 2 + 2 + 12 + 128, true},
    {"Q5_K", 256, 2 + 2 + 12 + 32 + 128, true},
    {"Q6_K", 256, 128 + 64 + 16 + 2, true},
    {"IQ4_NL", 32, 2 + 16, true},
    {"IQ4_XS", 256, 2 + 2 + 4 + 128, true},
    {"MXFP4", 32, 1 + 16, true},
    {"F64", 1, 8, false},
    {"I8", 1, 1, false},
    {"I16", 1, 2, false},
    {"I32", 1, 4, false},
    {"I64", 1, 8, false},
    // 16-bit scale and sum; before 2024 both had 32 bits. No known file stores
    // this type, so the smaller size only serves the bounds check.
    {"Q8_1", 32, 2 + 2 + 32, false},
    {"Q8_K", 256, 4 + 256 + 32, false},
    {"Q1_0", 128, 2 + 16, false},
    {"IQ1_S", 256, 2 + 32 + 16, false},
    {"IQ1_M", 256, 32 + 16 + 8, false},
    {"IQ2_XXS", 256, 2 + 64, false},
    {"IQ2_XS", 256, 2 + 64 + 8, false},
    {"IQ2_S", 256, 2 + 64 + 16, false},
    {"IQ3_XXS", 256, 2 + 96, false},
    {"IQ3_S", 256, 2 + 64 + 32 + 8 + 4, false},
    {"TQ1_0", 256, 2 + 52, false},
    {"TQ2_0", 256, 2 + 64, false},
    {"NVFP4", 64, 4 + 32, false},
    {"Q4_2", 16, 2 + 8, false},
    {"Q4_3", 16, 2 + 2 + 8, false},
    {"Q4_0_4_4", 32, 2 + 16, false},
    {"Q4_0_4_8", 32, 2 + 16, false},
    {"Q4_0_8_8", 32, 2 + 16, false},
    {"IQ4_NL_4_4", 32, 2 + 16, false},
    {"IQ4_NL_4_8", 32, 2 + 16, false},
    {"IQ4_NL_8_8", 32, 2 + 16, false},
    {"U8", 1, 1, false},
    {"F8_E4M3", 1, 1, false},
    {"F8_E5M2", 1, 1, false},
};
static_assert(std::size(kInfos) == static_cast<size_t>(DType::kCount));

// One per computable type, in the order of DType.
using DequantizeFn = void (*)(const uint8_t* src, int64_t count, float* dst);
constexpr DequantizeFn kDequantize[] = {
    internal::DequantizeF32,    internal::DequantizeF16,
    internal::DequantizeBF16,   internal::DequantizeQ4_0,
    internal::DequantizeQ4_1,   internal::DequantizeQ5_0,
    internal::DequantizeQ5_1,   internal::DequantizeQ8_0,
    internal::DequantizeQ2_K,   internal::DequantizeQ3_K,
    internal::DequantizeQ4_K,   internal::DequantizeQ5_K,
    internal::DequantizeQ6_K,   internal::DequantizeIQ4_NL,
    internal::DequantizeIQ4_XS, internal::DequantizeMXFP4,
};
static_assert(std::size(kDequantize) == static_cast<size_t>(DType::kF64));

}  // namespace

const DTypeInfo& GetDTypeInfo(DType type) {
  return kInfos[static_cast<size_t>(type)];
}

void Dequantize(DType type, const uint8_t* src, int64_t count, float* dst) {
  const auto index = static_cast<size_t>(type);
  if (index < std::size(kDequantize)) {
    kDequantize[index](src, count, dst);
  } else {
    std::fill_n(dst, count, 0.0f);
  }
}

}  // namespace inlay::kernels
