// Tensor type numbers of GGUF. Private to cpp/formats.
#ifndef INLAY_FORMATS_GGUF_TYPES_H_
#define INLAY_FORMATS_GGUF_TYPES_H_

#include <cstdint>
#include <optional>

#include "kernels/common/dtype.h"

namespace inlay::formats {

// nullopt: a number no version of the specification gives a meaning.
std::optional<kernels::DType> DTypeFromGguf(uint32_t id);

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_GGUF_TYPES_H_
