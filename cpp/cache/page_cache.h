// The pages of an engine: who holds them, what they contain, which can be
// reused. Integers only: no memory, no device.
#ifndef INLAY_CACHE_PAGE_CACHE_H_
#define INLAY_CACHE_PAGE_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/cache/page_pool.h"
#include "cpp/cache/prefix_index.h"

namespace inlay::cache {

// Pages that hold `tokens` tokens.
constexpr int32_t PagesFor(int32_t tokens, int32_t page_tokens) {
  return tokens <= 0 ? 0 : (tokens - 1) / page_tokens + 1;
}

// A page whose content must be copied before the next step computes its rows.
// A later copy may write the page that an earlier one reads: keep their order.
struct PageCopy {
  int32_t from = -1;
  int32_t to = -1;
};

// The pages of one sequence, in the order of its positions. Filled and emptied
// by PageCache only. Never copied: a copy would hold pages nobody counted.
class PageTable {
 public:
  PageTable() = default;
  PageTable(PageTable&& other) noexcept { pages_.swap(other.pages_); }
  // *this should be empty: `other` gets the pages that it held.
  PageTable& operator=(PageTable&& other) noexcept {
    pages_.swap(other.pages_);
    return *this;
  }
  std::span<const int32_t> pages() const { return pages_; }
  int32_t page_count() const { return static_cast<int32_t>(pages_.size()); }

 private:
  friend class PageCache;
  std::vector<int32_t> pages_;
};

// The longest beginning of some tokens that the cache holds.
struct PrefixMatch {
  int32_t tokens = 0;          // in all; what Adopt makes cached
  int32_t pages = 0;           // whole pages, shared by reference
  int32_t idle_pages = 0;      // of these, held by no table
  int32_t partial_tokens = 0;  // beyond them, of a page that is copied
  // The next page is promised: a request is computing it now.
  bool promised = false;
};

struct CacheStats {
  uint64_t lookups = 0;        // Adopt calls
  uint64_t lookup_tokens = 0;  // tokens they asked for
  uint64_t hit_tokens = 0;     // tokens they got
  uint64_t copied_pages = 0;   // partial hits and copies on write
  uint64_t evicted_pages = 0;
  int32_t indexed_pages = 0;
  int32_t idle_pages = 0;
};

// A page is free, held by one or more tables, or idle: held by none, but kept
// in the prefix index until its place is needed (least recently used leaf
// first). Sharing is by reference for whole pages; a page that is not full is
// written by one table only, and others take a copy (copy on write).
//
// The index is a tree per cache domain, an edge being the tokens of one page.
// Tokens are compared, not only hashed. One domain never sees another's pages.
//
// At any time the indexed pages of a table are its first ones, and they are one
// path from the root of a domain. So whoever holds a page holds its ancestors,
// nothing held comes below an idle page, and every idle page can be given out.
// Tables are given back from their end, so of idle pages a child is always
// older than its parent, and the oldest idle page is a leaf: evicting it takes
// O(1).
//
// Functions that allocate memory either succeed or leave everything as it was;
// those that give something back do not throw. One thread at a time.
class PageCache {
 public:
  // hash_mask: see PrefixIndex.
  PageCache(int32_t page_count, int32_t page_tokens,
            size_t hash_mask = ~size_t{0});
  PageCache(const PageCache&) = delete;
  PageCache& operator=(const PageCache&) = delete;

  int32_t page_count() const { return pool_.page_count(); }
  int32_t page_tokens() const { return index_.page_tokens(); }
  // Free and idle: what can be given out.
  int32_t free_count() const { return pool_.free_count() + pool_.idle_count(); }
  // Held by a table.
  int32_t used_count() const { return page_count() - free_count(); }
  // Tables that hold it.
  int32_t references(int32_t page) const { return pool_.references(page); }
  CacheStats stats() const;

  // Grows to at least `pages`, evicting idle pages if it must. All or nothing:
  // false if too few are free.
  bool Grow(PageTable& table, int32_t pages);
  // Pages that would come free if `table` were released.
  int32_t OwnPages(const PageTable& table) const;
  // Gives every page back; pages in the index stay there, idle.
  void Release(PageTable& table) noexcept;
  // Gives back the pages beyond the first `pages`.
  void Shrink(PageTable& table, int32_t pages) noexcept;
  // `table` (empty) comes to hold the pages of `other`.
  void Fork(const PageTable& other, PageTable& table);
  // Makes the pages of `table` writable from `position` on. Those that another
  // table holds, or in which the index vouches for tokens at or beyond that
  // place, are exchanged for pages of its own; the one of `position` is copied
  // (unless it begins there), which is appended to `copies`. All or nothing:
  // false if too few pages are free. Never false if no other table holds any
  // of them: rather is the index made to forget them.
  bool MakeWritable(PageTable& table, int32_t position,
                    std::vector<PageCopy>* copies);

  // What is there of `tokens`; changes nothing.
  PrefixMatch Find(std::string_view domain,
                   std::span<const int32_t> tokens) const;
  // Gives `table` (empty) the pages of the longest match. The whole pages are
  // taken by reference, a partial one costs a new page and a copy (left out if
  // no page is free). Returns the tokens that are then cached. `tokens` should
  // leave out the last known token, which has to be computed.
  int32_t Adopt(std::string_view domain, std::span<const int32_t> tokens,
                PageTable& table, std::vector<PageCopy>* copies);
  // `owner` (never 0) is going to compute the whole pages of `tokens` that are
  // not there; Find tells others so. Replaces what it promised before. Ends
  // where another has promised: two never promise the same.
  void Promise(std::string_view domain, std::span<const int32_t> tokens,
               uint64_t owner);
  // Takes back what `owner` promised and did not publish.
  void Withdraw(uint64_t owner) noexcept;
  // The first `tokens.size()` positions of `table` hold `tokens`, computed.
  // Indexes its whole pages, and with `partial` also the rest of the last. A
  // whole page whose tokens are there already in another page is exchanged for
  // that one in the table. Keeps its promises, and those of others that it
  // meets. Publish before Fork: a page that other tables hold is not indexed if
  // it was not before, as they might not hold those before it. Ends there, or
  // at a page that is indexed in another place (a table published to two
  // domains), and then withdraws what `owner` promised.
  void Publish(std::string_view domain, std::span<const int32_t> tokens,
               bool partial, PageTable& table, uint64_t owner);
  // Forgets a domain; its idle pages become free, its promises are void.
  void Forget(std::string_view domain) noexcept;
  // Forgets everything.
  void Clear() noexcept;

  // Whether all that is said above holds; O(pages), for tests.
  Status Validate() const;

 private:
  // At most as many as positions can be counted.
  static Tokens Clip(Tokens tokens);
  // The tokens of the i-th page.
  Tokens PageOf(Tokens tokens, int32_t i) const;
  // Makes `count` pages free; false if there are too few.
  bool MakeRoom(int32_t count) noexcept;
  // A page for a table, with one reference; there is room.
  int32_t TakePage() noexcept;
  // Follows whole pages; counts them, and calls `visit` with each.
  template <typename Visit>
  int32_t Walk(int32_t root, Tokens tokens, Visit visit) const;
  // Whether the table must not write `page` from `offset` on.
  bool Shared(int32_t page, int32_t offset) const;
  // Both index one page of a table below `node`. Exchanges `page` for one that
  // is there; returns the node of the page, or -1 if it belongs elsewhere.
  int32_t PublishWhole(int32_t node, Tokens tokens, int32_t& page) noexcept;
  void PublishRest(int32_t node, Tokens tokens, int32_t page) noexcept;

  PagePool pool_;
  PrefixIndex index_;
  CacheStats stats_;  // the counters
};

}  // namespace inlay::cache

#endif  // INLAY_CACHE_PAGE_CACHE_H_
