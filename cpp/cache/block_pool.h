// Which pages of the KV cache are free. Integers only: no memory, no device.
#ifndef INLAY_CACHE_BLOCK_POOL_H_
#define INLAY_CACHE_BLOCK_POOL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace inlay::cache {

// Pages are numbered 0 .. page_count-1 and counted by reference, so that
// requests can share a prefix. One thread at a time.
class BlockPool {
 public:
  explicit BlockPool(int32_t page_count);

  // A page with one reference, or -1 if none is free. The page freed last
  // comes first (its memory is warm), then untouched ones in ascending order,
  // so that memory that was never needed is never touched.
  int32_t Allocate();
  // `page` must be in use.
  void AddReference(int32_t page);
  // Returns the page to the pool with its last reference. False (and no
  // change) if `page` is not in use.
  bool Release(int32_t page);

  int32_t references(int32_t page) const { return references_[page]; }
  int32_t page_count() const {
    return static_cast<int32_t>(references_.size());
  }
  int32_t free_count() const { return static_cast<int32_t>(free_.size()); }
  int32_t used_count() const { return page_count() - free_count(); }

 private:
  std::vector<int32_t> references_;
  std::vector<int32_t> free_;  // a stack
};

}  // namespace inlay::cache

#endif  // INLAY_CACHE_BLOCK_POOL_H_
