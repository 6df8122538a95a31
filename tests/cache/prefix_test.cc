// What is found of a prompt, and how it comes into the index.
#include "cpp/cache/page_cache.h"
#include "tests/cache/cache_fixture.h"

namespace inlay::cache {
namespace {

class Prefix : public CacheTest {};

using Ids = std::vector<int32_t>;

TEST_F(Prefix, FindsTheLongestBeginning) {
  Cached(Counting(12));
  PrefixMatch match = cache_.Find("", Counting(12));
  EXPECT_EQ(match.tokens, 12);
  EXPECT_EQ(match.pages, 3);
  EXPECT_EQ(match.idle_pages, 3);
  EXPECT_EQ(match.partial_tokens, 0);
  EXPECT_FALSE(match.promised);

  match = cache_.Find("", Join(Counting(6), {99, 100, 101}));
  EXPECT_EQ(match.tokens, 6);
  EXPECT_EQ(match.pages, 1);
  EXPECT_EQ(match.partial_tokens, 2);

  EXPECT_EQ(Found(Counting(3)), 3);  // less than a page
  EXPECT_EQ(Found(Counting(100)), 12);
  EXPECT_EQ(Found({}), 0);
  EXPECT_EQ(Found({2, 3, 4, 5}), 0);
  EXPECT_EQ(Found(Counting(8, 5)), 0);  // the same page after nothing
}

TEST_F(Prefix, OneDomainNeverSeesAnother) {
  Cached(Counting(8), true, "a");
  Cached(Counting(6, 50), true, "ab");
  EXPECT_EQ(Found(Counting(8), "a"), 8);
  for (const char* domain : {"", "b", "ab", "A"}) {
    EXPECT_EQ(Found(Counting(8), domain), 0) << domain;
  }
  EXPECT_EQ(Found(Counting(6, 50), "ab"), 6);
  EXPECT_EQ(Found(Counting(8), std::string_view("a\0", 2)), 0);
  PageTable table = Adopted(Counting(8), "b");
  EXPECT_EQ(table.page_count(), 0);
}

TEST_F(Prefix, AdoptSharesWholePagesAndCopiesAPartialOne) {
  PageTable owner = Computed(Counting(10), true);
  PageTable table;
  EXPECT_EQ(cache_.Adopt("", Counting(9), table, &copies_), 9);
  EXPECT_EQ(PagesOf(table), (Ids{0, 1, 3}));
  ASSERT_EQ(copies_.size(), 1u);
  EXPECT_EQ(copies_[0].from, 2);
  EXPECT_EQ(copies_[0].to, 3);
  EXPECT_EQ(cache_.references(1), 2);
  EXPECT_EQ(cache_.references(2), 1);
  EXPECT_EQ(cache_.OwnPages(table), 1);
  // It may write there at once.
  EXPECT_TRUE(cache_.MakeWritable(table, 9, &copies_));
  EXPECT_EQ(copies_.size(), 1u);

  const CacheStats stats = cache_.stats();
  EXPECT_EQ(stats.lookups, 1u);
  EXPECT_EQ(stats.lookup_tokens, 9u);
  EXPECT_EQ(stats.hit_tokens, 9u);
  EXPECT_EQ(stats.copied_pages, 1u);
  EXPECT_EQ(stats.indexed_pages, 3);
}

TEST_F(Prefix, AMissIsCounted) {
  PageTable table;
  EXPECT_EQ(cache_.Adopt("", Counting(9), table, &copies_), 0);
  EXPECT_EQ(cache_.stats().lookups, 1u);
  EXPECT_EQ(cache_.stats().lookup_tokens, 9u);
  EXPECT_EQ(cache_.stats().hit_tokens, 0u);
}

TEST_F(Prefix, APartialPageIsLeftOutIfNoneIsFree) {
  PageTable owner = Computed(Counting(8));
  PageTable rest;
  cache_.Grow(rest, 6);
  PageTable table;
  EXPECT_EQ(cache_.Adopt("", Counting(6), table, &copies_), 4);
  EXPECT_EQ(PagesOf(table), (Ids{0}));
  EXPECT_TRUE(copies_.empty());
}

TEST_F(Prefix, TheSourceOfACopyIsNotEvictedForIt) {
  Cached(Counting(4));
  PageTable rest;
  cache_.Grow(rest, 7);
  // The only page that is free is the one to be copied.
  EXPECT_EQ(cache_.free_count(), 1);
  PageTable table;
  EXPECT_EQ(cache_.Adopt("", Counting(3), table, &copies_), 0);
  EXPECT_TRUE(copies_.empty());
  EXPECT_EQ(Found(Counting(4)), 4);
}

TEST_F(Prefix, AdoptGivesBackWhatTheTableHeld) {
  Cached(Counting(8));
  PageTable table;
  cache_.Grow(table, 5);
  cache_.Adopt("", Counting(8), table, &copies_);
  EXPECT_EQ(PagesOf(table), (Ids{0, 1}));
  EXPECT_EQ(cache_.used_count(), 2);
}

TEST_F(Prefix, WhatIsThereAlreadyIsExchanged) {
  PageTable first = Computed(Counting(9));
  PageTable second;
  cache_.Grow(second, 3);
  EXPECT_EQ(cache_.used_count(), 6);
  cache_.Publish("", Counting(9), false, second, 2);
  EXPECT_EQ(PagesOf(first), (Ids{0, 1, 2}));
  EXPECT_EQ(PagesOf(second), (Ids{0, 1, 5}));
  EXPECT_EQ(cache_.used_count(), 4);
  EXPECT_EQ(cache_.references(0), 2);
  // Also in a page that is idle.
  cache_.Release(first);
  cache_.Release(second);
  PageTable third = Computed(Counting(8));
  EXPECT_EQ(PagesOf(third), (Ids{0, 1}));
}

TEST_F(Prefix, PublishingPageByPageIsTheSameAsAtOnce) {
  PageTable table;
  cache_.Grow(table, 4);
  for (int32_t tokens = 0; tokens <= 13; ++tokens) {
    cache_.Publish("", Counting(tokens), false, table, 1);
    EXPECT_EQ(Found(Counting(16)), tokens / 4 * 4);
    ExpectValid();
  }
  EXPECT_EQ(PagesOf(table), (Ids{0, 1, 2, 3}));
  EXPECT_EQ(cache_.stats().indexed_pages, 3);
}

TEST_F(Prefix, APartialLeafGrowsWithItsTable) {
  PageTable table;
  cache_.Grow(table, 2);
  for (int32_t tokens = 1; tokens <= 8; ++tokens) {
    cache_.Publish("", Counting(tokens), true, table, 1);
    EXPECT_EQ(Found(Counting(16)), tokens);
    EXPECT_EQ(cache_.stats().indexed_pages, PagesFor(tokens, 4));
    ExpectValid();
  }
  // To publish less takes nothing away.
  cache_.Publish("", Counting(6), true, table, 1);
  EXPECT_EQ(Found(Counting(16)), 8);
}

TEST_F(Prefix, AShorterLeafIsReplacedByALongerOne) {
  PageTable first = Computed(Counting(2), true);
  PageTable second = Computed(Counting(3), true);
  EXPECT_EQ(cache_.stats().indexed_pages, 1);
  EXPECT_EQ(Found(Counting(4)), 3);
  // The first still writes its page, and the index keeps the longer.
  cache_.Publish("", Counting(3), true, first, 2);
  EXPECT_EQ(PagesOf(first), (Ids{0}));
  cache_.Publish("", Counting(4), true, first, 2);
  EXPECT_EQ(cache_.stats().indexed_pages, 1);
  EXPECT_EQ(Found(Counting(4)), 4);
  // When it is full, it is exchanged.
  cache_.Publish("", Counting(4), true, second, 1);
  EXPECT_EQ(PagesOf(second), (Ids{0}));
  EXPECT_EQ(cache_.free_count(), 7);
}

TEST_F(Prefix, LeavesThatDifferLiveSideBySide) {
  Cached({1, 2, 3}, true);
  Cached({1, 2, 4}, true);
  Cached({1, 5}, true);
  Cached({6, 7, 8, 9}, true);
  EXPECT_EQ(Found({1, 2, 3, 9}), 3);
  EXPECT_EQ(Found({1, 2, 4, 9}), 3);
  EXPECT_EQ(Found({1, 5, 9, 9}), 2);
  EXPECT_EQ(Found({1, 9, 9, 9}), 1);
  EXPECT_EQ(Found({6, 7, 9}), 2);
  EXPECT_EQ(cache_.stats().idle_pages, 4);
}

TEST_F(Prefix, APageInTwoDomainsStaysInTheFirst) {
  PageTable table = Computed(Counting(8), false, "a");
  cache_.Promise("b", Counting(8), 1);
  cache_.Publish("b", Counting(8), true, table, 1);
  EXPECT_EQ(Found(Counting(8), "b"), 0);
  EXPECT_FALSE(cache_.Find("b", Counting(8)).promised);
  EXPECT_EQ(Found(Counting(8), "a"), 8);
}

TEST_F(Prefix, PublishedTokensThatDifferChangeNothing) {
  PageTable table = Computed(Counting(8));
  cache_.Publish("", Join(Counting(4), Counting(4, 50)), false, table, 1);
  EXPECT_EQ(Found(Counting(8)), 8);
  EXPECT_EQ(Found(Join(Counting(4), Counting(4, 50))), 4);
}

TEST_F(Prefix, NoMoreIsPublishedThanTheTableHolds) {
  PageTable table;
  cache_.Grow(table, 1);
  cache_.Publish("", Counting(11), true, table, 1);
  EXPECT_EQ(Found(Counting(11)), 4);
}

TEST_F(Prefix, ASharedPageIsNotIndexedAnew) {
  PageTable first, second;
  cache_.Grow(first, 2);
  cache_.Fork(first, second);
  cache_.Publish("", Counting(7), true, first, 1);
  EXPECT_EQ(cache_.stats().indexed_pages, 0);
  cache_.Release(second);
  cache_.Publish("", Counting(7), true, first, 1);
  EXPECT_EQ(Found(Counting(7)), 7);
}

TEST_F(Prefix, ForgettingFreesWhatIsIdle) {
  PageTable held = Computed(Counting(8), true, "a");
  Cached(Join(Counting(8), Counting(4, 50)), true, "a");
  Cached(Counting(5), true, "b");
  EXPECT_EQ(cache_.stats().indexed_pages, 5);
  cache_.Forget("none");
  cache_.Forget("a");
  EXPECT_EQ(Found(Counting(8), "a"), 0);
  EXPECT_EQ(Found(Counting(5), "b"), 5);
  EXPECT_EQ(cache_.stats().indexed_pages, 2);
  EXPECT_EQ(cache_.used_count(), 2);  // still held
  cache_.Clear();
  EXPECT_EQ(cache_.stats().indexed_pages, 0);
  cache_.Release(held);
  EXPECT_EQ(cache_.free_count(), 8);
  EXPECT_EQ(cache_.stats().idle_pages, 0);
}

// A tenant's child among thousands is found at once, and a deep path is
// released, evicted and forgotten without recursion.
TEST(PrefixIndex, IsWideAndDeep) {
  constexpr int32_t kPages = 50000;
  PageCache cache(kPages, 4);
  PageTable deep;
  ASSERT_TRUE(cache.Grow(deep, kPages));
  cache.Publish("", Counting(kPages * 4), false, deep, 1);
  EXPECT_EQ(cache.Find("", Counting(kPages * 4)).pages, kPages);
  cache.Release(deep);
  EXPECT_TRUE(cache.Validate().ok());
  ASSERT_TRUE(cache.Grow(deep, kPages / 2));
  EXPECT_EQ(cache.stats().evicted_pages, static_cast<uint64_t>(kPages / 2));
  EXPECT_EQ(cache.Find("", Counting(kPages * 4)).pages, kPages / 2);
  cache.Forget("");
  cache.Release(deep);
  EXPECT_EQ(cache.free_count(), kPages);

  const TokenList system = Counting(4);
  for (int32_t i = 0; i < kPages - 1; ++i) {
    PageTable table;
    std::vector<PageCopy> copies;
    cache.Adopt("", system, table, &copies);
    cache.Grow(table, 2);
    cache.Publish("", Join(system, {7, i, i, i}), false, table, 1);
    cache.Release(table);
  }
  EXPECT_EQ(cache.stats().idle_pages, kPages);
  for (int32_t i = 0; i < kPages - 1; i += 100) {
    EXPECT_EQ(cache.Find("", Join(system, {7, i, i, i})).pages, 2);
    EXPECT_EQ(cache.Find("", Join(system, {7, -1})).tokens, 5);
  }
  EXPECT_TRUE(cache.Validate().ok());
}

TEST(PrefixIndex, KeepsNothingOfDomainsThatAreGone) {
  PagePool pool(2);
  PrefixIndex index(&pool, 4);
  for (int i = 0; i < 100; ++i) {
    const std::string domain = "tenant " + std::to_string(i);
    index.Reserve(2);
    const int32_t root = index.AddRoot(domain);
    index.Prune(index.Remove(index.Add(root, Counting(4), pool.Take())));
    pool.Drop(0);
    EXPECT_EQ(index.domain_count(), 0);
  }
  EXPECT_TRUE(index.Validate().ok());
}

}  // namespace
}  // namespace inlay::cache
