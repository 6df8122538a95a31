// Which process this is.
#ifndef INLAY_BASE_OS_PROCESS_H_
#define INLAY_BASE_OS_PROCESS_H_

#include <cstdint>

namespace inlay {

// Changes in the child after fork(), so that objects of the parent can be
// told apart. Safe to call anywhere.
int64_t CurrentProcess() noexcept;

}  // namespace inlay

#endif  // INLAY_BASE_OS_PROCESS_H_
