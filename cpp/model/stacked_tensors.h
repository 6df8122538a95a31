// Experts that a file stores as stacks of transposed matrices.
#ifndef INLAY_MODEL_STACKED_TENSORS_H_
#define INLAY_MODEL_STACKED_TENSORS_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "cpp/architectures/architecture.pb.h"
#include "cpp/formats/made_tensors.h"
#include "cpp/formats/model_file.h"

namespace inlay::model {

struct StackedTensor {
  formats::TensorInfo made;
  std::shared_ptr<const formats::TensorDecoder> decoder;
};

bool IsStackLayout(architectures::Layout layout);

// `stored`, which holds something for each of `experts`, as `layout` says that
// a Plan needs it: [experts, out, in], and vectors of pairs as [2 * experts,
// n]. Types of blocks along the inputs are [out, in] in the file too; of those
// only the order changes. nullopt if the shape or the type does not fit.
std::optional<StackedTensor> MakeStacked(std::shared_ptr<io::Source> file,
                                         const formats::TensorInfo& stored,
                                         architectures::Layout layout,
                                         int32_t experts);

}  // namespace inlay::model

#endif  // INLAY_MODEL_STACKED_TENSORS_H_
