// The pages of one request, in the order of its positions.
#ifndef INLAY_CACHE_BLOCK_TABLE_H_
#define INLAY_CACHE_BLOCK_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpp/cache/block_pool.h"
#include "cpp/cache/page_cache.h"

namespace inlay::cache {

// The owner releases the table into its pool before it dies. One thread at a
// time.
class BlockTable {
 public:
  // Grows to at least `pages`. All or nothing: false if the pool has too few.
  bool Grow(int32_t pages, BlockPool& pool);
  // Returns every page; cannot fail.
  void Release(BlockPool& pool);

  std::span<const int32_t> pages() const { return pages_; }
  int32_t page_count() const { return static_cast<int32_t>(pages_.size()); }

 private:
  std::vector<int32_t> pages_;
};

}  // namespace inlay::cache

#endif  // INLAY_CACHE_BLOCK_TABLE_H_
