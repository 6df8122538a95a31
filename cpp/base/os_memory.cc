#include "cpp/base/os_memory.h"

#include <errno.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>

namespace inlay {
namespace {

// From here on a block is mapped; below, it comes from operator new.
constexpr size_t kMapThreshold = 256 << 10;
constexpr size_t kPageSize = 4096;

// What decides between the two ways must be known again when freeing.
bool IsMapped(size_t bytes, size_t alignment) {
  return bytes >= kMapThreshold && alignment <= kPageSize;
}

}  // namespace

void* SystemAllocate(size_t bytes, size_t alignment) noexcept {
  if (IsMapped(bytes, alignment)) {
    void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return nullptr;
    // A wish only: fewer TLB misses where the system grants huge pages.
    madvise(block, bytes, MADV_HUGEPAGE);
    return block;
  }
  void* block =
      ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
  if (block != nullptr) std::memset(block, 0, bytes);
  return block;
}

bool SystemCommit(void* block, size_t bytes) noexcept {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(block);
  const uintptr_t first = (begin + kPageSize - 1) / kPageSize * kPageSize;
  const uintptr_t last = (begin + bytes) / kPageSize * kPageSize;
  if (first >= last) return true;  // within pages that the heap has touched
#if defined(MADV_POPULATE_WRITE)
  if (madvise(reinterpret_cast<void*>(first), last - first,
              MADV_POPULATE_WRITE) == 0) {
    return true;
  }
  if (errno == ENOMEM) return false;
#endif
  // Kernels before 5.14 do not know the request.
  for (uintptr_t page = first; page < last; page += kPageSize) {
    volatile uint8_t* byte = reinterpret_cast<volatile uint8_t*>(page);
    *byte = *byte;
  }
  return true;
}

void SystemFree(void* block, size_t bytes, size_t alignment) noexcept {
  if (IsMapped(bytes, alignment)) {
    munmap(block, bytes);
  } else {
    ::operator delete (block, std::align_val_t{alignment});
  }
}

}  // namespace inlay
