#include "cpp/cache/block_pool.h"

namespace inlay::cache {

BlockPool::BlockPool(int32_t page_count)
    : references_(static_cast<size_t>(page_count < 0 ? 0 : page_count), 0) {
  // Never reallocated, so that returning a page cannot fail.
  free_.reserve(references_.size());
  for (int32_t page = this->page_count() - 1; page >= 0; --page) {
    free_.push_back(page);
  }
}

int32_t BlockPool::Allocate() {
  if (free_.empty()) return -1;
  const int32_t page = free_.back();
  free_.pop_back();
  references_[page] = 1;
  return page;
}

void BlockPool::AddReference(int32_t page) { ++references_[page]; }

bool BlockPool::Release(int32_t page) {
  if (page < 0 || page >= page_count() || references_[page] == 0) return false;
  if (--references_[page] == 0) free_.push_back(page);
  return true;
}

}  // namespace inlay::cache
