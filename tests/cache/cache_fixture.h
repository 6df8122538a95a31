// A small cache and short ways to fill it.
#ifndef INLAY_TESTS_CACHE_CACHE_FIXTURE_H_
#define INLAY_TESTS_CACHE_CACHE_FIXTURE_H_

#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <string_view>
#include <vector>

#include "cpp/cache/page_cache.h"
#include "gtest/gtest.h"

namespace inlay::cache {

using TokenList = std::vector<int32_t>;

// `count` tokens that count up from `first`.
inline TokenList Counting(int32_t count, int32_t first = 1) {
  TokenList tokens(static_cast<size_t>(count));
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

inline TokenList Join(TokenList a, const TokenList& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline std::vector<int32_t> PagesOf(const PageTable& table) {
  return {table.pages().begin(), table.pages().end()};
}

// Pages of 4 tokens.
class CacheTest : public testing::Test {
 protected:
  explicit CacheTest(int32_t page_count = 8) : cache_(page_count, 4) {}
  void TearDown() override { ExpectValid(); }

  void ExpectValid() {
    const Status status = cache_.Validate();
    EXPECT_TRUE(status.ok()) << status;
  }
  // A table whose pages hold `tokens`, computed and published.
  PageTable Computed(const TokenList& tokens, bool partial = false,
                     std::string_view domain = "") {
    PageTable table;
    EXPECT_TRUE(cache_.Grow(table, PagesFor(Size(tokens), 4)));
    cache_.Publish(domain, tokens, partial, table, 1);
    return table;
  }
  // The same, given back: its pages are idle.
  void Cached(const TokenList& tokens, bool partial = false,
              std::string_view domain = "") {
    PageTable table = Computed(tokens, partial, domain);
    cache_.Release(table);
  }
  int32_t Found(const TokenList& tokens, std::string_view domain = "") {
    return cache_.Find(domain, tokens).tokens;
  }
  PageTable Adopted(const TokenList& tokens, std::string_view domain = "") {
    PageTable table;
    cache_.Adopt(domain, tokens, table, &copies_);
    return table;
  }
  static int32_t Size(const TokenList& tokens) {
    return static_cast<int32_t>(tokens.size());
  }

  PageCache cache_;
  std::vector<PageCopy> copies_;
};

}  // namespace inlay::cache

#endif  // INLAY_TESTS_CACHE_CACHE_FIXTURE_H_
