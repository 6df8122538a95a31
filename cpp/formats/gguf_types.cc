#include "cpp/formats/gguf_types.h"

#include <iterator>

namespace inlay::formats {

using kernels::DType;

std::optional<DType> DTypeFromGguf(uint32_t id) {
  static constexpr DType kById[] = {
      DType::kF32,        DType::kF16,        DType::kQ4_0,
      DType::kQ4_1,       DType::kQ4_2,       DType::kQ4_3,
      DType::kQ5_0,       DType::kQ5_1,       DType::kQ8_0,
      DType::kQ8_1,       DType::kQ2_K,       DType::kQ3_K,
      DType::kQ4_K,       DType::kQ5_K,       DType::kQ6_K,
      DType::kQ8_K,       DType::kIQ2_XXS,    DType::kIQ2_XS,
      DType::kIQ3_XXS,    DType::kIQ1_S,      DType::kIQ4_NL,
      DType::kIQ3_S,      DType::kIQ2_S,      DType::kIQ4_XS,
      DType::kI8,         DType::kI16,        DType::kI32,
      DType::kI64,        DType::kF64,        DType::kIQ1_M,
      DType::kBF16,       DType::kQ4_0_4_4,   DType::kQ4_0_4_8,
      DType::kQ4_0_8_8,   DType::kTQ1_0,      DType::kTQ2_0,
      DType::kIQ4_NL_4_4, DType::kIQ4_NL_4_8, DType::kIQ4_NL_8_8,
      DType::kMXFP4,      DType::kNVFP4,      DType::kQ1_0,
  };
  if (id >= std::size(kById)) return std::nullopt;
  return kById[id];
}

}  // namespace inlay::formats
