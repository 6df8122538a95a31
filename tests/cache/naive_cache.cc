#include "tests/cache/naive_cache.h"

#include <algorithm>

namespace inlay::cache {
namespace {

bool Begins(const Key& key, const Key& beginning) {
  return key.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), key.begin());
}

}  // namespace

int32_t NaiveCache::Vouched(int32_t page) const {
  if (pages_[page].key == nullptr) return 0;
  const size_t tokens = pages_[page].key->size() - 1;
  return static_cast<int32_t>((tokens - 1) % page_tokens_ + 1);
}

int32_t NaiveCache::idle() const {
  return static_cast<int32_t>(
      std::count_if(pages_.begin(), pages_.end(), [](const Page& page) {
        return page.references == 0 && page.key != nullptr;
      }));
}

int32_t NaiveCache::indexed() const {
  return static_cast<int32_t>(
      std::count_if(pages_.begin(), pages_.end(),
                    [](const Page& page) { return page.key != nullptr; }));
}

std::vector<Key> NaiveCache::keys() const {
  std::vector<Key> keys;
  for (const auto& [key, entry] : entries_) keys.push_back(key);
  return keys;
}

bool NaiveCache::Present(const Key& key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.page >= 0;
}

bool NaiveCache::Covered(const Key& key) const {
  for (auto at = entries_.lower_bound(key);
       at != entries_.end() && Begins(at->first, key); ++at) {
    if (at->second.page >= 0) return true;
  }
  return false;
}

void NaiveCache::Add(const Key& key, int32_t page) {
  const auto at = entries_.insert_or_assign(key, Entry{page, 0}).first;
  pages_[page].key = &at->first;
}

void NaiveCache::Erase(const Key& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (const int32_t page = found->second.page; page >= 0) {
    pages_[page].key = nullptr;
    if (pages_[page].references == 0) ++free_;
  }
  entries_.erase(found);
}

void NaiveCache::EraseBelow(const Key& from) {
  const Key key = from;
  if (!Whole(key)) return Erase(key);
  for (auto at = entries_.lower_bound(key);
       at != entries_.end() && Begins(at->first, key);) {
    const Key next = at->first;
    ++at;
    Erase(next);
  }
}

void NaiveCache::Unindex(int32_t page) { EraseBelow(*pages_[page].key); }

void NaiveCache::MakeRoom(int32_t count) {
  while (free_ < count) {
    const Page* oldest = nullptr;
    for (const Page& page : pages_) {
      if (page.references > 0 || page.key == nullptr) continue;
      if (oldest != nullptr && oldest->idle_since < page.idle_since) continue;
      // Leaves only.
      bool leaf = true;
      if (Whole(*page.key)) {
        for (auto at = entries_.upper_bound(*page.key);
             at != entries_.end() && Begins(at->first, *page.key); ++at) {
          leaf = leaf && at->second.page < 0;
        }
      }
      if (leaf) oldest = &page;
    }
    if (oldest == nullptr) return;
    ++evicted_;
    EraseBelow(*oldest->key);
  }
}

bool NaiveCache::Take(int32_t page) {
  MakeRoom(1);
  if (pages_[page].references > 0 || pages_[page].key != nullptr) return false;
  pages_[page].references = 1;
  --free_;
  return true;
}

void NaiveCache::Hold(int32_t page) { ++pages_[page].references; }

void NaiveCache::Drop(int32_t page) {
  if (--pages_[page].references > 0) return;
  pages_[page].idle_since = ++time_;
  if (pages_[page].key == nullptr) ++free_;
}

void NaiveCache::Release(const std::vector<int32_t>& pages, size_t keep) {
  for (size_t i = pages.size(); i-- > keep;) Drop(pages[i]);
}

PrefixMatch NaiveCache::Find(const Key& key) const {
  PrefixMatch match;
  size_t at = 0;
  while (at + page_tokens_ < key.size()) {
    const auto found = entries_.find(Beginning(key, at + page_tokens_));
    if (found == entries_.end()) break;
    if (found->second.page < 0) {
      match.promised = true;
      break;
    }
    at += page_tokens_;
    ++match.pages;
    match.idle_pages += pages_[found->second.page].references == 0;
  }
  const size_t rest = std::min(page_tokens_, key.size() - 1 - at);
  for (size_t more = rest; more > 0 && match.partial_tokens == 0; --more) {
    if (Covered(Beginning(key, at + more))) {
      match.partial_tokens = static_cast<int32_t>(more);
    }
  }
  match.tokens = static_cast<int32_t>(at) + match.partial_tokens;
  return match;
}

std::vector<int32_t> NaiveCache::Pages(const Key& key, int32_t count) const {
  std::vector<int32_t> pages;
  for (int32_t i = 1; i <= count; ++i) {
    pages.push_back(
        entries_.at(Beginning(key, static_cast<size_t>(i) * page_tokens_))
            .page);
  }
  return pages;
}

// Those that hold some of the tokens after `whole` of `key`, but not all.
void NaiveCache::EraseShorter(const Key& key, size_t whole) {
  for (size_t tokens = whole + 1; tokens + 1 < key.size(); ++tokens) {
    Erase(Beginning(key, tokens));
  }
}

bool NaiveCache::PublishWhole(const Key& key, int32_t* page) {
  const Key* own = pages_[*page].key;
  if (own != nullptr && *own == key) return true;
  const size_t whole = key.size() - 1 - page_tokens_;
  if (own != nullptr && (own->size() <= whole + 1 || !Begins(key, *own))) {
    return false;
  }
  const bool there = Present(key);
  if (!there && own == nullptr && references(*page) > 1) return false;
  if (own != nullptr) Erase(Key(*own));
  if (there) {
    const int32_t old = *page;
    *page = entries_.at(key).page;
    Hold(*page);
    Drop(old);
  } else {
    Add(key, *page);
  }
  EraseShorter(key, whole);
  return true;
}

void NaiveCache::PublishRest(const Key& key, size_t whole, int32_t page) {
  if (const Key* own = pages_[page].key; own != nullptr) {
    if (own->size() < key.size() && own->size() > whole + 1 &&
        Begins(key, *own)) {
      Erase(Key(*own));
      Add(key, page);
    }
    return;
  }
  if (references(page) > 1 || Covered(key)) return;
  Add(key, page);
  EraseShorter(key, whole);
}

void NaiveCache::Publish(const Key& key, bool partial,
                         std::vector<int32_t>* pages, uint64_t owner) {
  const size_t tokens = key.size() - 1;
  const size_t whole = tokens / page_tokens_;
  for (size_t i = 0; i < whole; ++i) {
    if (!PublishWhole(Beginning(key, (i + 1) * page_tokens_), &(*pages)[i])) {
      return Withdraw(owner);
    }
  }
  if (partial && whole * page_tokens_ < tokens) {
    PublishRest(key, whole * page_tokens_, (*pages)[whole]);
  }
}

void NaiveCache::Promise(const Key& key, uint64_t owner) {
  Withdraw(owner);
  const size_t whole = std::min((key.size() - 1) / page_tokens_, pages_.size());
  size_t i = 1;
  while (i <= whole && Present(Beginning(key, i * page_tokens_))) ++i;
  for (; i <= whole; ++i) {
    const Key page = Beginning(key, i * page_tokens_);
    if (entries_.count(page) > 0) return;
    entries_[page] = {-1, owner};
  }
}

void NaiveCache::Withdraw(uint64_t owner) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (owner != 0 && at->second.owner == owner) {
      at = entries_.erase(at);
    } else {
      ++at;
    }
  }
}

void NaiveCache::Forget(int32_t domain) { EraseBelow({domain}); }

}  // namespace inlay::cache
