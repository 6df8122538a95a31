#include "cpp/base/memory.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

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

// The flags of the mapping that holds an address, from /proc/self/smaps.
std::string MappingFlags(const void* address) {
  std::ifstream in("/proc/self/smaps");
  const uintptr_t wanted = reinterpret_cast<uintptr_t>(address);
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    char* end = nullptr;
    const uintptr_t first = std::strtoull(line.c_str(), &end, 16);
    if (*end == '-') {
      const uintptr_t last = std::strtoull(end + 1, nullptr, 16);
      inside = first <= wanted && wanted < last;
    } else if (inside && line.rfind("VmFlags:", 0) == 0) {
      return line + " ";
    }
  }
  return "";
}

// Weights, cache and working memory alike: all come from here.
TEST(MemoryPool, LargeBlocksAskForHugePages) {
  if (!std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled").good()) {
    GTEST_SKIP() << "this system has no huge pages to ask for";
  }
  auto pool = MemoryPool::Create(nullptr, 0);
  auto plain = pool->Allocate(8 << 20, "weights");
  auto committed = pool->AllocateCommitted(8 << 20, "the KV cache");
  ASSERT_TRUE(plain.ok() && committed.ok());
  for (const Buffer* buffer : {&*plain, &*committed}) {
    const std::string flags = MappingFlags(buffer->data());
    EXPECT_NE(flags.find(" hg "), std::string::npos) << flags;
  }
}

}  // namespace
}  // namespace inlay
