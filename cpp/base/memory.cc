#include "cpp/base/memory.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/os_memory.h"

namespace inlay {
namespace {

Status Refused(std::string_view what, uint64_t bytes, std::string_view why) {
  return absl::ResourceExhaustedError(
      absl::StrCat("cannot allocate ", bytes, " bytes for ", what, ": ", why));
}

}  // namespace

std::shared_ptr<MemoryPool> MemoryPool::Create(
    std::shared_ptr<Allocator> allocator, uint64_t budget_bytes) {
  return std::shared_ptr<MemoryPool>(
      new MemoryPool(std::move(allocator), budget_bytes));
}

Status MemoryPool::Reserve(uint64_t bytes, std::string_view what) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  uint64_t next;
  do {
    next = used + bytes;
    if (next < used || (budget_ != 0 && next > budget_)) {
      return Refused(what, bytes,
                     absl::StrCat("the memory budget is ", budget_,
                                  " bytes, of which ", used, " are in use"));
    }
  } while (!used_.compare_exchange_weak(used, next, std::memory_order_relaxed));
  uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (peak < next &&
         !peak_.compare_exchange_weak(peak, next, std::memory_order_relaxed)) {
  }
  return OkStatus();
}

void MemoryPool::Unreserve(uint64_t bytes) {
  used_.fetch_sub(bytes, std::memory_order_relaxed);
}

StatusOr<Buffer> MemoryPool::Allocate(size_t bytes, std::string_view what,
                                      size_t alignment) {
  Buffer buffer;
  if (bytes == 0) return buffer;
  INLAY_RETURN_IF_ERROR(Reserve(bytes, what));
  void* block = allocator_ ? allocator_->Allocate(bytes, alignment)
                           : SystemAllocate(bytes, alignment);
  if (block == nullptr) {
    Unreserve(bytes);
    return Refused(what, bytes,
                   allocator_ ? "the host's allocator returned null"
                              : "the system is out of memory");
  }
  if (reinterpret_cast<uintptr_t>(block) % alignment != 0) {
    allocator_->Free(block, bytes, alignment);
    Unreserve(bytes);
    return Refused(what, bytes,
                   absl::StrCat("the host's allocator did not align to ",
                                alignment, " bytes"));
  }
  // SystemAllocate gives zeroed memory; a host's allocator need not.
  if (allocator_) std::memset(block, 0, bytes);
  buffer.pool_ = shared_from_this();
  buffer.data_ = static_cast<uint8_t*>(block);
  buffer.size_ = bytes;
  buffer.alignment_ = alignment;
  return buffer;
}

StatusOr<Buffer> MemoryPool::AllocateCommitted(size_t bytes,
                                               std::string_view what,
                                               size_t alignment) {
  INLAY_ASSIGN_OR_RETURN(Buffer buffer, Allocate(bytes, what, alignment));
  // A host's block has been zeroed, which commits it.
  if (buffer && !allocator_ && !SystemCommit(buffer.data(), buffer.size())) {
    return Refused(what, bytes, "the system is out of memory");
  }
  return buffer;
}

void MemoryPool::Release(void* block, size_t bytes, size_t alignment) {
  if (allocator_) {
    allocator_->Free(block, bytes, alignment);
  } else {
    SystemFree(block, bytes, alignment);
  }
  Unreserve(bytes);
}

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(std::move(other.pool_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      alignment_(std::exchange(other.alignment_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(alignment_, other.alignment_);
  return *this;
}

Buffer::~Buffer() {
  if (data_ != nullptr) pool_->Release(data_, size_, alignment_);
}

}  // namespace inlay
