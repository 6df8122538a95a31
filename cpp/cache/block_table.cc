#include "cpp/cache/block_table.h"

namespace inlay::cache {

bool BlockTable::Grow(int32_t pages, BlockPool& pool) {
  const int32_t more = pages - page_count();
  if (more <= 0) return true;
  if (more > pool.free_count()) return false;
  // The only step that can throw comes before the pool changes.
  pages_.reserve(static_cast<size_t>(pages));
  for (int32_t i = 0; i < more; ++i) pages_.push_back(pool.Allocate());
  return true;
}

void BlockTable::Release(BlockPool& pool) {
  // Backwards, so that the pool gives them out again in the same order.
  while (!pages_.empty()) {
    pool.Release(pages_.back());
    pages_.pop_back();
  }
}

}  // namespace inlay::cache
