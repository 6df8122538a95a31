#include "cpp/base/memory.h"

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "gtest/gtest.h"

namespace inlay {
namespace {

class CountingAllocator final : public Allocator {
 public:
  void* Allocate(size_t bytes, size_t alignment) noexcept override {
    if (fail) return nullptr;
    ++live;
    void* block = std::aligned_alloc(
        alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block != nullptr) std::memset(block, 0xAB, bytes);
    return block;
  }
  void Free(void* block, size_t, size_t) noexcept override {
    --live;
    std::free(block);
  }
  bool fail = false;
  int live = 0;
};

TEST(MemoryPool, CountsAndGivesBack) {
  auto pool = MemoryPool::Create(nullptr, 0);
  {
    auto small = pool->Allocate(100, "small");
    auto large = pool->Allocate(1 << 20, "large", 4096);
    ASSERT_TRUE(small.ok() && large.ok());
    EXPECT_EQ(pool->used_bytes(), 100u + (1u << 20));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(large->data()) % 4096, 0u);
    for (size_t i = 0; i < 100; ++i) ASSERT_EQ(small->data()[i], 0);
  }
  EXPECT_EQ(pool->used_bytes(), 0u);
  EXPECT_EQ(pool->peak_bytes(), 100u + (1u << 20));
}

TEST(MemoryPool, RefusesBeyondTheBudgetAndNamesIt) {
  auto pool = MemoryPool::Create(nullptr, 1000);
  auto first = pool->Allocate(600, "pages");
  ASSERT_TRUE(first.ok());
  auto second = pool->Allocate(600, "weights");
  ASSERT_EQ(second.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(second.status().message().find("weights"), std::string::npos);
  EXPECT_NE(second.status().message().find("1000"), std::string::npos);
  EXPECT_EQ(pool->used_bytes(), 600u);
  EXPECT_FALSE(pool->Reserve(UINT64_MAX, "wrap").ok());
}

TEST(MemoryPool, UsesTheHostsAllocatorAndZeroes) {
  auto host = std::make_shared<CountingAllocator>();
  auto pool = MemoryPool::Create(host, 0);
  {
    auto block = pool->Allocate(4096, "block");
    ASSERT_TRUE(block.ok());
    EXPECT_EQ(host->live, 1);
    EXPECT_EQ(block->data()[4095], 0);
    Buffer moved = *std::move(block);
    EXPECT_EQ(moved.size(), 4096u);
  }
  EXPECT_EQ(host->live, 0);
  host->fail = true;
  auto refused = pool->Allocate(4096, "block");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(pool->used_bytes(), 0u);
}

TEST(MemoryPool, CommittedPagesAreResident) {
  auto pool = MemoryPool::Create(nullptr, 0);
  const auto resident = [] {
    std::ifstream in("/proc/self/statm");
    size_t total = 0, pages = 0;
    in >> total >> pages;
    return pages * 4096;
  };
  const size_t bytes = 64 << 20;
  const size_t before = resident();
  auto lazy = pool->Allocate(bytes, "lazy");
  ASSERT_TRUE(lazy.ok());
  EXPECT_LT(resident() - before, bytes / 2);
  auto block = pool->AllocateCommitted(bytes, "committed");
  ASSERT_TRUE(block.ok());
  EXPECT_GE(resident() - before, bytes);
  EXPECT_EQ(block->data()[bytes - 1], 0);
}

TEST(MemoryPool, BuffersKeepThePoolAlive) {
  auto pool = MemoryPool::Create(nullptr, 0);
  auto block = pool->Allocate(10, "block");
  ASSERT_TRUE(block.ok());
  pool.reset();
  block->data()[0] = 1;
}

}  // namespace
}  // namespace inlay
