#include "cpp/cache/page_pool.h"

#include <algorithm>
#include <limits>

namespace inlay::cache {

PagePool::PagePool(int32_t page_count)
    : pages_(static_cast<size_t>(std::clamp(
                 page_count, 0, std::numeric_limits<int32_t>::max() - 1)) +
             1) {
  const int32_t count = this->page_count();
  pages_[count].older = pages_[count].newer = count;
  // Never reallocated, so that giving a page back cannot fail.
  free_.reserve(static_cast<size_t>(count));
  for (int32_t page = count - 1; page >= 0; --page) free_.push_back(page);
}

int32_t PagePool::Take() noexcept {
  if (free_.empty()) return -1;
  const int32_t page = free_.back();
  free_.pop_back();
  pages_[page].references = 1;
  return page;
}

void PagePool::Hold(int32_t page) noexcept {
  if (pages_[page].references++ == 0) Unlink(page);
}

void PagePool::Drop(int32_t page) noexcept {
  if (--pages_[page].references > 0) return;
  if (pages_[page].kept) {
    Link(page);
  } else {
    free_.push_back(page);
  }
}

void PagePool::Keep(int32_t page) noexcept {
  pages_[page].kept = true;
  ++kept_count_;
}

void PagePool::Discard(int32_t page) noexcept {
  pages_[page].kept = false;
  --kept_count_;
  if (pages_[page].references > 0) return;
  Unlink(page);
  free_.push_back(page);
}

// As the newest.
void PagePool::Link(int32_t page) noexcept {
  const int32_t ring = page_count();
  const int32_t older = pages_[ring].older;
  pages_[page].older = older;
  pages_[page].newer = ring;
  pages_[older].newer = page;
  pages_[ring].older = page;
  ++idle_count_;
}

void PagePool::Unlink(int32_t page) noexcept {
  Page& entry = pages_[page];
  pages_[entry.older].newer = entry.newer;
  pages_[entry.newer].older = entry.older;
  entry.older = entry.newer = -1;
  --idle_count_;
}

Status PagePool::Validate() const {
  int32_t idle = 0, kept = 0, held = 0;
  for (int32_t page = 0; page < page_count(); ++page) {
    const Page& entry = pages_[page];
    kept += entry.kept;
    held += entry.references > 0;
    const bool linked = entry.newer >= 0;
    if (entry.references < 0 ||
        linked != (entry.kept && entry.references == 0)) {
      return absl::InternalError("a page is idle and is not");
    }
    if (!linked) continue;
    ++idle;
    if (pages_[entry.newer].older != page ||
        pages_[entry.older].newer != page) {
      return absl::InternalError("the ring of idle pages is broken");
    }
  }
  if (idle != idle_count_ || kept != kept_count_ ||
      held + idle + free_count() != page_count()) {
    return absl::InternalError("pages are miscounted");
  }
  std::vector<bool> seen(pages_.size());
  for (const int32_t page : free_) {
    if (pages_[page].references != 0 || pages_[page].kept || seen[page]) {
      return absl::InternalError("a free page is in use");
    }
    seen[page] = true;
  }
  return OkStatus();
}

}  // namespace inlay::cache
