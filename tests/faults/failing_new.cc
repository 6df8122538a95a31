#include "tests/faults/failing_new.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace inlay::faults {
namespace {

std::atomic<bool> armed{false};
std::atomic<bool> forever{false};
std::atomic<int64_t> fail_at{0};
std::atomic<int64_t> count{0};
std::atomic<int64_t> failures{0};
std::atomic<int64_t> live{0};

bool Refused() {
  if (!armed.load()) return false;
  const int64_t mine = count.fetch_add(1) + 1;
  const int64_t at = fail_at.load();
  if (at == 0 || !(mine == at || (forever.load() && mine > at))) return false;
  failures.fetch_add(1);
  return true;
}

void* Take(size_t size, size_t alignment) noexcept {
  if (Refused()) return nullptr;
  if (size == 0) size = 1;
  void* block = nullptr;
  if (alignment <= alignof(std::max_align_t)) {
    block = std::malloc(size);
  } else if (posix_memalign(&block, alignment, size) != 0) {
    block = nullptr;
  }
  if (block != nullptr) live.fetch_add(1);
  return block;
}

void* TakeOrThrow(size_t size, size_t alignment) {
  void* block = Take(size, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void Give(void* block) noexcept {
  if (block == nullptr) return;
  live.fetch_sub(1);
  std::free(block);
}

}  // namespace

void ArmNew(int64_t n, Repeat repeat) {
  count.store(0);
  failures.store(0);
  fail_at.store(n);
  forever.store(repeat == Repeat::kForever);
  armed.store(true);
}
void DisarmNew() { armed.store(false); }
void ResumeNew() { armed.store(true); }
int64_t NewCount() { return count.load(); }
int64_t NewFailures() { return failures.load(); }
int64_t LiveBlocks() { return live.load(); }

}  // namespace inlay::faults

using inlay::faults::Give;
using inlay::faults::Take;
using inlay::faults::TakeOrThrow;

constexpr size_t kPlain = alignof(std::max_align_t);

void* operator new(size_t n) { return TakeOrThrow(n, kPlain); }
void* operator new[](size_t n) { return TakeOrThrow(n, kPlain); }
void* operator new(size_t n, const std::nothrow_t&) noexcept {
  return Take(n, kPlain);
}
void* operator new[](size_t n, const std::nothrow_t&) noexcept {
  return Take(n, kPlain);
}
void* operator new(size_t n, std::align_val_t a) {
  return TakeOrThrow(n, static_cast<size_t>(a));
}
void* operator new[](size_t n, std::align_val_t a) {
  return TakeOrThrow(n, static_cast<size_t>(a));
}
void* operator new(size_t n, std::align_val_t a,
                   const std::nothrow_t&) noexcept {
  return Take(n, static_cast<size_t>(a));
}
void* operator new[](size_t n, std::align_val_t a,
                     const std::nothrow_t&) noexcept {
  return Take(n, static_cast<size_t>(a));
}
void operator delete(void* p) noexcept { Give(p); }
void operator delete[](void* p) noexcept { Give(p); }
void operator delete(void* p, size_t) noexcept { Give(p); }
void operator delete[](void* p, size_t) noexcept { Give(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { Give(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { Give(p); }
void operator delete(void* p, std::align_val_t) noexcept { Give(p); }
void operator delete[](void* p, std::align_val_t) noexcept { Give(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { Give(p); }
void operator delete[](void* p, size_t, std::align_val_t) noexcept { Give(p); }
void operator delete(void* p, std::align_val_t,
                     const std::nothrow_t&) noexcept {
  Give(p);
}
void operator delete[](void* p, std::align_val_t,
                       const std::nothrow_t&) noexcept {
  Give(p);
}
