// GGUF v2 and v3, little-endian (specification: ggml-org/ggml docs/gguf.md).
#ifndef INLAY_FORMATS_GGUF_H_
#define INLAY_FORMATS_GGUF_H_

#include <memory>

#include "cpp/formats/model_file.h"

namespace inlay::formats {

// Bounds that keep a hostile header cheap. A file beyond one of them is
// refused with kResourceExhausted naming it.
struct GgufLimits {
  uint64_t max_metadata = 1 << 16;
  uint64_t max_tensors = 1 << 16;
  uint64_t max_string_bytes = 64ull << 20;
  uint64_t max_array_elements = 16ull << 20;
  uint64_t max_header_bytes = 512ull << 20;
};

// Reads header, metadata and tensor table; not the tensor data. Errors name
// the field and the byte offset:
//   kInvalidArgument  not a GGUF file (magic), empty
//   kUnimplemented    version 1 or > 3, big-endian, unknown tensor type
//   kDataLoss         truncated, overlapping, misaligned, out of the file
//   kResourceExhausted  beyond a limit
StatusOr<std::shared_ptr<const ModelFile>> ParseGguf(
    std::shared_ptr<io::Source> source, const GgufLimits& limits = {});

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_GGUF_H_
