// The header of a safetensors file: a 64-bit length, that many bytes of JSON,
// then the data (format description: huggingface/safetensors).
#ifndef INLAY_FORMATS_SAFETENSORS_H_
#define INLAY_FORMATS_SAFETENSORS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cpp/formats/model_file.h"

namespace inlay::formats {

// The format's own bound.
inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;
inline constexpr size_t kMaxSafetensorsTensors = size_t{1} << 20;

// Appends the tensors of the file that fills [begin, begin + size) of `source`
// and is called `name` in messages. Errors name the tensor:
//   kInvalidArgument    not such a file, or a value of the wrong type
//   kUnimplemented      an element type or rank that is not known
//   kDataLoss           truncated; a range out of the file, overlapping, with a
//                       gap before it, or not as long as type and shape say
//   kResourceExhausted  a header or a number of tensors beyond the bounds
Status ReadSafetensors(const io::Source& source, uint64_t begin, uint64_t size,
                       const std::string& name,
                       std::vector<TensorInfo>* tensors);

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_SAFETENSORS_H_
