// The allocator seam and the memory budget.
//
// Everything large (weights, KV pages, activation arenas, I/O buffers) comes
// from a MemoryPool, which a context creates over the host's allocator. Small
// objects come from operator new. A pool never gives out more than its budget.
#ifndef INLAY_BASE_MEMORY_H_
#define INLAY_BASE_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay {

// Host-supplied or built-in source of large blocks. Thread-safe. Returns
// nullptr on failure; never throws.
class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual void* Allocate(size_t bytes, size_t alignment) noexcept = 0;
  virtual void Free(void* block, size_t bytes, size_t alignment) noexcept = 0;
};

class Buffer;

// Counts bytes against a budget. Thread-safe. Outlives its Buffers (each
// Buffer shares ownership).
class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  // `budget_bytes` 0 means unlimited. `allocator` null means the built-in one.
  static std::shared_ptr<MemoryPool> Create(
      std::shared_ptr<Allocator> allocator, uint64_t budget_bytes);

  // A zeroed block. kResourceExhausted names `what`, the size, and whether the
  // budget or the allocator refused. `alignment` is a power of two.
  StatusOr<Buffer> Allocate(size_t bytes, std::string_view what,
                            size_t alignment = 64);

  // The same, with every page really there, so that no later write can fail
  // for want of memory.
  StatusOr<Buffer> AllocateCommitted(size_t bytes, std::string_view what,
                                     size_t alignment = 64);

  // Counts memory that is not allocated here (a mapped file's resident
  // pages) against the budget.
  Status Reserve(uint64_t bytes, std::string_view what);
  void Unreserve(uint64_t bytes);

  uint64_t budget_bytes() const { return budget_; }
  uint64_t used_bytes() const { return used_.load(std::memory_order_relaxed); }
  uint64_t peak_bytes() const { return peak_.load(std::memory_order_relaxed); }

 private:
  friend class Buffer;
  MemoryPool(std::shared_ptr<Allocator> allocator, uint64_t budget)
      : allocator_(std::move(allocator)), budget_(budget) {}
  void Release(void* block, size_t bytes, size_t alignment);

  const std::shared_ptr<Allocator> allocator_;
  const uint64_t budget_;
  std::atomic<uint64_t> used_{0};
  std::atomic<uint64_t> peak_{0};
};

// Owns one block of a MemoryPool. Movable, not copyable.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  explicit operator bool() const { return data_ != nullptr; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  friend class MemoryPool;
  std::shared_ptr<MemoryPool> pool_;
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t alignment_ = 0;
};

}  // namespace inlay

#endif  // INLAY_BASE_MEMORY_H_
