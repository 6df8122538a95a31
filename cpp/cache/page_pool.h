// Which pages are free, held, or idle. Knows nothing of what they contain.
#ifndef INLAY_CACHE_PAGE_POOL_H_
#define INLAY_CACHE_PAGE_POOL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::cache {

// Pages are numbered 0 .. page_count-1 and counted by reference. A page whose
// last reference goes becomes free, or idle if it is kept: then it can be held
// again until somebody discards it. Nothing but the constructor allocates. One
// thread at a time.
class PagePool {
 public:
  explicit PagePool(int32_t page_count);

  // A free page with one reference, or -1. The page freed last comes first (its
  // memory is warm), then untouched ones in ascending order, so that memory
  // that was never needed is never touched.
  int32_t Take() noexcept;
  // One more reference to a page that is held or idle.
  void Hold(int32_t page) noexcept;
  // One reference less; the page is held.
  void Drop(int32_t page) noexcept;
  // From now on a held page becomes idle instead of free.
  void Keep(int32_t page) noexcept;
  // Undoes Keep; an idle page becomes free.
  void Discard(int32_t page) noexcept;

  // The page that has been idle for longest, or -1.
  int32_t oldest_idle() const {
    const int32_t page = pages_.back().newer;
    return page == page_count() ? -1 : page;
  }
  // The one that became idle after an idle one, or -1.
  int32_t newer_idle(int32_t page) const {
    const int32_t newer = pages_[page].newer;
    return newer == page_count() ? -1 : newer;
  }
  int32_t references(int32_t page) const { return pages_[page].references; }
  bool kept(int32_t page) const { return pages_[page].kept; }

  int32_t page_count() const { return static_cast<int32_t>(pages_.size() - 1); }
  int32_t free_count() const { return static_cast<int32_t>(free_.size()); }
  int32_t idle_count() const { return idle_count_; }
  int32_t kept_count() const { return kept_count_; }

  // Whether the counts and lists agree; O(pages), for tests.
  Status Validate() const;

 private:
  struct Page {
    int32_t references = 0;
    bool kept = false;
    // Neighbours in the ring of idle pages.
    int32_t older = -1;
    int32_t newer = -1;
  };
  void Link(int32_t page) noexcept;
  void Unlink(int32_t page) noexcept;

  // The last entry is no page but where the ring of idle ones begins and ends.
  std::vector<Page> pages_;
  std::vector<int32_t> free_;  // a stack
  int32_t idle_count_ = 0;
  int32_t kept_count_ = 0;
};

}  // namespace inlay::cache

#endif  // INLAY_CACHE_PAGE_POOL_H_
