// Layers that a sentence model has behind its pooling.
#ifndef INLAY_ENGINE_DENSE_MODULE_H_
#define INLAY_ENGINE_DENSE_MODULE_H_

#include <string_view>

#include "cpp/engine/pooling_config.h"

namespace inlay::engine {

// From config.json and model.safetensors of the folder inside `folder`.
// kUnimplemented names an activation other than the identity and tanh;
// kInvalidArgument a tensor that is missing or of another shape.
StatusOr<DenseLayer> ReadDenseModule(const io::Folder& folder,
                                     std::string_view path);

// Checks that each layer takes what the one before it gives, first `width`.
Status CheckDense(const std::vector<DenseLayer>& layers, int64_t width);

// `vector` becomes the layer's output.
void RunDense(const DenseLayer& layer, std::vector<float>* vector);

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_DENSE_MODULE_H_
