// One function per value of quantization_config.quant_method.
#ifndef INLAY_FORMATS_QUANTIZED_METHODS_H_
#define INLAY_FORMATS_QUANTIZED_METHODS_H_

#include <string>
#include <utility>
#include <vector>

#include "cpp/formats/quantized_file.h"

namespace inlay::formats {

Status ExpandFp8(QuantizedFile* file);
Status ExpandGptq(QuantizedFile* file);
Status ExpandAwq(QuantizedFile* file);
Status ExpandCompressed(QuantizedFile* file);
Status ExpandBitsandbytes(QuantizedFile* file);
Status ExpandMxfp4(QuantizedFile* file);

inline bool IsFp8(DType type) {
  return type == DType::kF8E4M3 || type == DType::kF8E5M2;
}

// Rows and columns that share a scale; {0, 0}: the scales' shape says it.
using BlockSize = std::pair<int64_t, int64_t>;
// The pair of positive sizes at `key`, if there is one.
StatusOr<BlockSize> ReadBlockSize(const QuantizedFile& file,
                                  const std::string& key);

// Replaces the FP8 matrix `weight` by floats of type `made`: its values times
// the scale of the whole, of their row or of their block, in F32, rounded once.
Status MakeFp8(const TensorInfo& weight, const TensorInfo& scale,
               BlockSize block, DType made, QuantizedFile* file);

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_QUANTIZED_METHODS_H_
