// Element types of stored tensors and the shape of their blocks.
//
// A block type stores `block_elements` consecutive elements of a row in
// `block_bytes` bytes. Layouts are those of the GGUF specification
// (ggml-org/ggml, docs/gguf.md, and the block structures it refers to) and,
// for MXFP4, of the OCP Microscaling Formats specification v1.0.
#ifndef INLAY_KERNELS_COMMON_DTYPE_H_
#define INLAY_KERNELS_COMMON_DTYPE_H_

#include <cstdint>
#include <string_view>

namespace inlay::kernels {

enum class DType : uint8_t {
  kF32 = 0,
  kF16,
  kBF16,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
  kIQ4_XS,
  kMXFP4,
  // Known to exist, described in files, but not computed with.
  kF64,
  kI8,
  kI16,
  kI32,
  kI64,
  kQ8_1,
  kQ8_K,
  kQ1_0,
  kIQ1_S,
  kIQ1_M,
  kIQ2_XXS,
  kIQ2_XS,
  kIQ2_S,
  kIQ3_XXS,
  kIQ3_S,
  kTQ1_0,
  kTQ2_0,
  kNVFP4,
  // Withdrawn from the specification; old files hold them.
  kQ4_2,
  kQ4_3,
  kQ4_0_4_4,
  kQ4_0_4_8,
  kQ4_0_8_8,
  kIQ4_NL_4_4,
  kIQ4_NL_4_8,
  kIQ4_NL_8_8,
  // Of safetensors alone.
  kU8,
  kF8E4M3,
  kF8E5M2,
  kCount,
};

struct DTypeInfo {
  std::string_view name;   // as GGUF spells it: "Q4_K"
  int32_t block_elements;  // 1 for plain types
  int32_t block_bytes;
  bool computable;  // Dequantize supports it
};

// `type` < kCount.
const DTypeInfo& GetDTypeInfo(DType type);

// Expands `count` elements (a multiple of block_elements) from `src` to F32,
// exactly as the PyPI package gguf does (bit for bit). `type` is computable;
// for any other the result is zeros. `src` needs no alignment.
void Dequantize(DType type, const uint8_t* src, int64_t count, float* dst);

}  // namespace inlay::kernels

#endif  // INLAY_KERNELS_COMMON_DTYPE_H_
