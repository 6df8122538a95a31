#include "cpp/engine/assembly.h"

#include "cpp/backend/cpu/cpu_backend.h"

namespace inlay::engine {

std::vector<std::shared_ptr<backend::Backend>> BuiltInBackends() {
  std::vector<std::shared_ptr<backend::Backend>> backends;
  backends.push_back(backend::CreateCpuBackend());
  return backends;
}

}  // namespace inlay::engine
