#include "cpp/base/os_process.h"

#include <unistd.h>

namespace inlay {

int64_t CurrentProcess() noexcept { return getpid(); }

}  // namespace inlay
