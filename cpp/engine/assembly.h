// The one place that knows which backends this build has.
#ifndef INLAY_ENGINE_ASSEMBLY_H_
#define INLAY_ENGINE_ASSEMBLY_H_

#include <memory>
#include <vector>

#include "cpp/backend/backend.h"

namespace inlay::engine {

// The processor first; then devices that may be unusable.
std::vector<std::shared_ptr<backend::Backend>> BuiltInBackends();

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_ASSEMBLY_H_
