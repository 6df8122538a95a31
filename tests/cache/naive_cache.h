// What PageCache must do, in the plainest way: a map from everything a page
// stands for to the page, searched from end to end.
#ifndef INLAY_TESTS_CACHE_NAIVE_CACHE_H_
#define INLAY_TESTS_CACHE_NAIVE_CACHE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cpp/cache/page_cache.h"

namespace inlay::cache {

// A domain, then tokens from the first position on.
using Key = std::vector<int32_t>;

class NaiveCache {
 public:
  NaiveCache(int32_t page_count, int32_t page_tokens)
      : page_tokens_(static_cast<size_t>(page_tokens)),
        pages_(static_cast<size_t>(page_count)),
        free_(page_count) {}

  // Which page is given out is not for the model to say, only that it can be.
  // False if it was in use.
  bool Take(int32_t page);
  void MakeRoom(int32_t count);
  void Hold(int32_t page);
  void Drop(int32_t page);
  void Release(const std::vector<int32_t>& pages, size_t keep);

  PrefixMatch Find(const Key& key) const;
  // The first `count` whole pages of `key`, which are there.
  std::vector<int32_t> Pages(const Key& key, int32_t count) const;
  // Changes the pages of the table as the real one should have.
  void Publish(const Key& key, bool partial, std::vector<int32_t>* pages,
               uint64_t owner);
  void Promise(const Key& key, uint64_t owner);
  void Withdraw(uint64_t owner);
  void Forget(int32_t domain);
  // Removes the page, and what follows it, from the index.
  void Unindex(int32_t page);

  int32_t references(int32_t page) const { return pages_[page].references; }
  // For how many tokens of the page the index vouches.
  int32_t Vouched(int32_t page) const;
  bool Shared(int32_t page, int32_t offset) const {
    return references(page) > 1 || offset < Vouched(page);
  }
  int32_t available() const { return free_ + idle(); }
  int32_t idle() const;
  int32_t indexed() const;
  uint64_t evicted() const { return evicted_; }
  // All that is in the index or promised.
  std::vector<Key> keys() const;

 private:
  struct Entry {
    int32_t page = -1;
    uint64_t owner = 0;
  };
  struct Page {
    int32_t references = 0;
    uint64_t idle_since = 0;
    const Key* key = nullptr;  // of its entry
  };
  using Entries = std::map<Key, Entry>;

  bool Whole(const Key& key) const {
    return (key.size() - 1) % page_tokens_ == 0;
  }
  Key Beginning(const Key& key, size_t tokens) const {
    return {key.begin(), key.begin() + static_cast<int64_t>(tokens) + 1};
  }
  bool Present(const Key& key) const;
  // Whether an entry with a page begins with `key`.
  bool Covered(const Key& key) const;
  void Add(const Key& key, int32_t page);
  void Erase(const Key& key);
  void EraseBelow(const Key& key);
  void EraseShorter(const Key& key, size_t whole);
  bool PublishWhole(const Key& key, int32_t* page);
  void PublishRest(const Key& key, size_t whole, int32_t page);

  size_t page_tokens_;
  std::vector<Page> pages_;
  int32_t free_;
  uint64_t time_ = 0;
  uint64_t evicted_ = 0;
  Entries entries_;
};

}  // namespace inlay::cache

#endif  // INLAY_TESTS_CACHE_NAIVE_CACHE_H_
