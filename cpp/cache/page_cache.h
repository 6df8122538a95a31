// The pages of an engine: who holds them, what they contain, which can be
// reused. Integers only: no memory, no device.
#ifndef INLAY_CACHE_PAGE_CACHE_H_
#define INLAY_CACHE_PAGE_CACHE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace inlay::cache {

// Pages that hold `tokens` tokens.
constexpr int32_t PagesFor(int32_t tokens, int32_t page_tokens) {
  return tokens <= 0 ? 0 : (tokens - 1) / page_tokens + 1;
}

// A page whose content must be copied before the next step computes its rows.
struct PageCopy {
  int32_t from = -1;
  int32_t to = -1;
};

// The pages of one sequence, in the order of its positions. Filled and emptied
// by PageCache only. Never copied: a copy would hold pages nobody counted.
class PageTable {
 public:
  PageTable() = default;
  PageTable(PageTable&& other) noexcept;
  PageTable& operator=(PageTable&& other) noexcept;  // *this must be empty
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
// Tokens are compared, not only hashes. One domain never sees another's pages.
//
// Functions that allocate memory either succeed or leave everything as it was;
// Release, Withdraw and Evict do not throw. One thread at a time.
class PageCache {
 public:
  PageCache(int32_t page_count, int32_t page_tokens);
  ~PageCache();

  int32_t page_count() const;
  int32_t page_tokens() const;
  int32_t free_count() const;  // free and idle: what can be given out
  int32_t used_count() const;  // held by a table
  int32_t references(int32_t page) const;  // tables that hold it
  CacheStats stats() const;

  // Grows to at least `pages`, evicting idle pages if it must. All or nothing:
  // false if too few are free.
  bool Grow(PageTable& table, int32_t pages);
  // Pages that would come free if `table` were released.
  int32_t OwnPages(const PageTable& table) const;
  // Gives every page back; whole pages in the index stay there, idle.
  void Release(PageTable& table) noexcept;
  // Gives back the pages beyond the first `pages`.
  void Shrink(PageTable& table, int32_t pages) noexcept;
  // `table` (empty) comes to hold the pages of `other`.
  void Fork(const PageTable& other, PageTable& table);
  // Makes the page of `position` writable from there on: if another table
  // holds it, or the index vouches for tokens at or beyond that place, the
  // table gets a page of its own, and the copy to make is appended. False if
  // no page is free.
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
  // not there; Find tells others so. Replaces what it promised before.
  void Promise(std::string_view domain, std::span<const int32_t> tokens,
               uint64_t owner);
  // Takes back what `owner` promised and did not publish.
  void Withdraw(uint64_t owner) noexcept;
  // The first `tokens.size()` positions of `table` hold `tokens`, computed.
  // Indexes its whole pages, and with `partial` also the rest of the last. A
  // page whose tokens are there already in another page is exchanged for that
  // one in the table. Keeps its promises.
  void Publish(std::string_view domain, std::span<const int32_t> tokens,
               bool partial, PageTable& table, uint64_t owner);
  // Forgets a domain; its idle pages become free.
  void Forget(std::string_view domain) noexcept;
  // Forgets everything.
  void Clear() noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inlay::cache

#endif  // INLAY_CACHE_PAGE_CACHE_H_
