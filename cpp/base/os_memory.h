// Blocks straight from the system.
//
// Large blocks are mapped, so that they come zeroed without being touched and
// return to the system when freed; a general heap would keep them.
#ifndef INLAY_BASE_OS_MEMORY_H_
#define INLAY_BASE_OS_MEMORY_H_

#include <cstddef>

namespace inlay {

// Zeroed memory, or null. `alignment` is a power of two.
void* SystemAllocate(size_t bytes, size_t alignment) noexcept;
// Makes every page of a block from SystemAllocate resident; false if the system
// has no memory for it. The contents stay.
bool SystemCommit(void* block, size_t bytes) noexcept;
void SystemFree(void* block, size_t bytes, size_t alignment) noexcept;

}  // namespace inlay

#endif  // INLAY_BASE_OS_MEMORY_H_
