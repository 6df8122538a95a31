// Quantised weights of Hugging Face folders as tensors that a plan can use.
#ifndef INLAY_FORMATS_QUANTIZED_H_
#define INLAY_FORMATS_QUANTIZED_H_

#include <memory>
#include <string>

#include "cpp/formats/model_file.h"

namespace inlay::formats {

// What was done, for the host to know.
struct Expansion {
  std::string method;           // "gptq"; empty: nothing was quantised
  uint64_t expanded = 0;        // weights that became plain floats
  uint64_t stored_bytes = 0;    // what those take in the file, scales included
  uint64_t expanded_bytes = 0;  // and as floats
  uint64_t kept = 0;            // weights that keep their precision

  // "gptq: 2 weights are expanded ..."; empty if none is.
  std::string Warning() const;
};

// `file` itself if its configuration says nothing of quantisation. Else a file
// in which each quantised weight has the name, the shape and the values that
// it had before it was quantised: its bytes are made from the stored ones as
// they are read, a few rows at a time. Which weights are quantised is read off
// the tensors; those that are not (modules_to_not_convert, ignore) stay as
// they are. What the values are is described in docs/numerics.md.
//   kUnimplemented    a method, or a form of one, that is not known
//   kInvalidArgument  a value of the configuration, a companion that is
//                     missing, or a wrong type or shape of one
//   kDataLoss         numbers of groups that do not exist
// Errors name the tensor or the key.
StatusOr<std::shared_ptr<const ModelFile>> ExpandQuantized(
    std::shared_ptr<const ModelFile> file, Expansion* expansion);

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_QUANTIZED_H_
