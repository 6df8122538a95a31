#include "cpp/cache/page_cache.h"

#include <algorithm>
#include <limits>

namespace inlay::cache {
namespace {

// Room for `more` entries, growing by half at least.
template <typename T>
void ReserveMore(std::vector<T>& list, size_t more) {
  const size_t size = list.size() + more;
  if (size <= list.capacity()) return;
  list.reserve(std::max(size, list.capacity() + list.capacity() / 2));
}

}  // namespace

PageCache::PageCache(int32_t page_count, int32_t page_tokens, size_t hash_mask)
    : pool_(page_count), index_(&pool_, page_tokens, hash_mask) {}

CacheStats PageCache::stats() const {
  CacheStats stats = stats_;
  stats.indexed_pages = pool_.kept_count();
  stats.idle_pages = pool_.idle_count();
  return stats;
}

Tokens PageCache::Clip(Tokens tokens) {
  constexpr size_t kMost = std::numeric_limits<int32_t>::max();
  return tokens.first(std::min(tokens.size(), kMost));
}

Tokens PageCache::PageOf(Tokens tokens, int32_t i) const {
  const auto size = static_cast<size_t>(page_tokens());
  return tokens.subspan(static_cast<size_t>(i) * size, size);
}

bool PageCache::MakeRoom(int32_t count) noexcept {
  if (count > free_count()) return false;
  while (pool_.free_count() < count) {
    const int32_t idle = pool_.idle_count();
    index_.Prune(index_.Remove(index_.NodeOf(pool_.oldest_idle())));
    stats_.evicted_pages += static_cast<uint64_t>(idle - pool_.idle_count());
  }
  return true;
}

int32_t PageCache::TakePage() noexcept {
  MakeRoom(1);
  return pool_.Take();
}

bool PageCache::Grow(PageTable& table, int32_t pages) {
  const int32_t more = pages - table.page_count();
  if (pages <= 0 || more <= 0) return true;
  if (more > free_count()) return false;
  ReserveMore(table.pages_, static_cast<size_t>(more));
  MakeRoom(more);
  for (int32_t i = 0; i < more; ++i) table.pages_.push_back(pool_.Take());
  return true;
}

int32_t PageCache::OwnPages(const PageTable& table) const {
  return static_cast<int32_t>(std::ranges::count_if(
      table.pages_,
      [this](int32_t page) { return pool_.references(page) == 1; }));
}

void PageCache::Shrink(PageTable& table, int32_t pages) noexcept {
  const auto least = static_cast<size_t>(std::max(pages, 0));
  // Backwards: free pages are given out again in the same order, and idle ones
  // are evicted before what they follow.
  while (table.pages_.size() > least) {
    pool_.Drop(table.pages_.back());
    table.pages_.pop_back();
  }
}

void PageCache::Release(PageTable& table) noexcept { Shrink(table, 0); }

void PageCache::Fork(const PageTable& other, PageTable& table) {
  if (&other == &table) return;
  table.pages_.reserve(other.pages_.size());
  Release(table);
  table.pages_.assign(other.pages_.begin(), other.pages_.end());
  for (const int32_t page : table.pages_) pool_.Hold(page);
}

bool PageCache::Shared(int32_t page, int32_t offset) const {
  if (pool_.references(page) > 1) return true;
  const int32_t node = index_.NodeOf(page);
  return node >= 0 && static_cast<size_t>(offset) < index_.tokens(node).size();
}

bool PageCache::MakeWritable(PageTable& table, int32_t position,
                             std::vector<PageCopy>* copies) {
  position = std::max(position, 0);
  const int32_t offset = position % page_tokens();
  const int32_t first = position / page_tokens();
  if (first >= table.page_count()) return true;
  std::vector<int32_t>& pages = table.pages_;
  const bool copy = offset > 0 && Shared(pages[first], offset);
  const int32_t fresh = first + (offset > 0);  // all of these pages is written
  int32_t wanted = 0, own = 0;
  for (int32_t i = fresh; i < table.page_count(); ++i) {
    if (!Shared(pages[i], 0)) continue;
    ++wanted;
    own += pool_.references(pages[i]) == 1;
  }
  if (wanted == 0 && !copy) return true;
  const int32_t room = free_count() + own - wanted;
  const bool in_place =
      room == 0 && copy && pool_.references(pages[first]) == 1;
  if (room < (copy && !in_place ? 1 : 0)) return false;
  if (copy) ReserveMore(*copies, 1);

  // From here on nothing fails. Backwards, as in Shrink.
  for (int32_t i = table.page_count() - 1; i >= fresh; --i) {
    if (!Shared(pages[i], 0)) continue;
    pool_.Drop(pages[i]);
    pages[i] = -1;
  }
  if (in_place) {
    index_.Prune(index_.Remove(index_.NodeOf(pages[first])));
  } else if (copy) {
    const int32_t page = TakePage();
    copies->push_back({pages[first], page});
    ++stats_.copied_pages;
    pool_.Drop(pages[first]);
    pages[first] = page;
  }
  for (int32_t i = fresh; i < table.page_count(); ++i) {
    if (pages[i] < 0) pages[i] = TakePage();
  }
  return true;
}

template <typename Visit>
int32_t PageCache::Walk(int32_t root, Tokens tokens, Visit visit) const {
  const auto whole = static_cast<int32_t>(tokens.size()) / page_tokens();
  int32_t node = root, count = 0;
  while (node >= 0 && count < whole) {
    node = index_.Child(node, PageOf(tokens, count));
    if (!visit(node)) break;
    ++count;
  }
  return count;
}

PrefixMatch PageCache::Find(std::string_view domain, Tokens tokens) const {
  PrefixMatch match;
  int32_t node = index_.Root(domain);
  if (node < 0) return match;
  tokens = Clip(tokens);
  match.pages = Walk(node, tokens, [&](int32_t child) {
    if (child < 0) return false;
    match.promised = index_.page(child) < 0;
    if (match.promised) return false;
    match.idle_pages += pool_.references(index_.page(child)) == 0;
    node = child;
    return true;
  });
  match.tokens = match.pages * page_tokens();
  match.partial_tokens =
      index_.FindNearest(node, tokens.subspan(match.tokens)).tokens;
  match.tokens += match.partial_tokens;
  return match;
}

int32_t PageCache::Adopt(std::string_view domain, Tokens tokens,
                         PageTable& table, std::vector<PageCopy>* copies) {
  tokens = Clip(tokens);
  const PrefixMatch match = Find(domain, tokens);
  table.pages_.reserve(static_cast<size_t>(match.pages) + 1);
  ReserveMore(*copies, 1);
  // From here on nothing fails.
  Release(table);
  ++stats_.lookups;
  stats_.lookup_tokens += tokens.size();
  if (match.tokens == 0) return 0;
  int32_t node = index_.Root(domain);
  Walk(node, tokens, [&](int32_t child) {
    if (child < 0 || index_.page(child) < 0) return false;
    table.pages_.push_back(index_.page(child));
    pool_.Hold(index_.page(child));
    node = child;
    return true;
  });
  int32_t cached = table.page_count() * page_tokens();
  const PrefixIndex::Nearest nearest =
      index_.FindNearest(node, tokens.subspan(cached));
  if (nearest.tokens > 0) {
    const int32_t from = index_.page(nearest.node);
    pool_.Hold(from);  // or it might be evicted to make room for its copy
    if (free_count() > 0) {
      const int32_t to = TakePage();
      table.pages_.push_back(to);
      copies->push_back({from, to});
      ++stats_.copied_pages;
      cached += nearest.tokens;
    }
    pool_.Drop(from);
  }
  stats_.hit_tokens += static_cast<uint64_t>(cached);
  return cached;
}

void PageCache::Forget(std::string_view domain) noexcept {
  index_.RemoveDomain(domain);
}

void PageCache::Clear() noexcept { index_.RemoveAll(); }

Status PageCache::Validate() const {
  INLAY_RETURN_IF_ERROR(pool_.Validate());
  return index_.Validate();
}

}  // namespace inlay::cache
