// The processor as a device.
#ifndef INLAY_BACKEND_CPU_CPU_BACKEND_H_
#define INLAY_BACKEND_CPU_CPU_BACKEND_H_

#include <memory>

#include "cpp/backend/backend.h"

namespace inlay::backend {

std::unique_ptr<Backend> CreateCpuBackend();

}  // namespace inlay::backend

#endif  // INLAY_BACKEND_CPU_CPU_BACKEND_H_
