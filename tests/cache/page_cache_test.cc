// Who holds which page: growth, eviction, forks, copy on write.
#include "cpp/cache/page_cache.h"

#include "tests/cache/cache_fixture.h"

namespace inlay::cache {
namespace {

class Pages : public CacheTest {};

using Ids = std::vector<int32_t>;

TEST(PagesFor, RoundsUp) {
  EXPECT_EQ(PagesFor(0, 32), 0);
  EXPECT_EQ(PagesFor(-1, 32), 0);
  EXPECT_EQ(PagesFor(1, 32), 1);
  EXPECT_EQ(PagesFor(32, 32), 1);
  EXPECT_EQ(PagesFor(33, 32), 2);
  EXPECT_EQ(PagesFor(INT32_MAX, 32), 1 << 26);
}

TEST(PageCache, MayBeEmptyOrMisshapen) {
  for (const int32_t count : {0, -3}) {
    PageCache cache(count, 0);
    EXPECT_EQ(cache.page_count(), 0);
    EXPECT_EQ(cache.page_tokens(), 1);
    PageTable table;
    EXPECT_TRUE(cache.Grow(table, 0));
    EXPECT_TRUE(cache.Grow(table, -7));
    EXPECT_FALSE(cache.Grow(table, 1));
    EXPECT_FALSE(cache.Grow(table, INT32_MAX));
    const TokenList tokens = {1, 2, 3};
    std::vector<PageCopy> copies;
    cache.Publish("", tokens, true, table, 1);
    cache.Promise("", tokens, 1);
    EXPECT_EQ(cache.Find("", tokens).tokens, 0);
    EXPECT_FALSE(cache.Find("", tokens).promised);
    EXPECT_EQ(cache.Adopt("", tokens, table, &copies), 0);
    EXPECT_TRUE(cache.MakeWritable(table, INT32_MAX, &copies));
    cache.Release(table);
    cache.Forget("");
    cache.Clear();
    EXPECT_TRUE(cache.Validate().ok());
  }
}

TEST_F(Pages, GrowsAllOrNothingAndReturnsAll) {
  PageTable first, second;
  EXPECT_TRUE(cache_.Grow(first, 5));
  EXPECT_TRUE(cache_.Grow(first, 2));  // never shrinks
  EXPECT_EQ(PagesOf(first), (Ids{0, 1, 2, 3, 4}));
  EXPECT_FALSE(cache_.Grow(second, 4));
  EXPECT_EQ(second.page_count(), 0);
  EXPECT_EQ(cache_.free_count(), 3);
  EXPECT_EQ(cache_.used_count(), 5);
  EXPECT_TRUE(cache_.Grow(second, 3));
  cache_.Release(first);
  cache_.Release(first);
  EXPECT_EQ(cache_.free_count(), 5);
  EXPECT_TRUE(cache_.Grow(first, 5));
  EXPECT_EQ(PagesOf(first), (Ids{0, 1, 2, 3, 4}));  // in their order
}

TEST_F(Pages, ShrinksFromTheEnd) {
  PageTable table;
  cache_.Grow(table, 5);
  cache_.Shrink(table, 7);
  EXPECT_EQ(table.page_count(), 5);
  cache_.Shrink(table, 2);
  EXPECT_EQ(PagesOf(table), (Ids{0, 1}));
  cache_.Shrink(table, -1);
  EXPECT_EQ(cache_.free_count(), 8);
}

TEST_F(Pages, ATableThatMovesTakesItsPagesAlong) {
  PageTable table;
  cache_.Grow(table, 2);
  PageTable moved(std::move(table));
  EXPECT_EQ(table.page_count(), 0);
  table = std::move(moved);
  EXPECT_EQ(PagesOf(table), (Ids{0, 1}));
  EXPECT_EQ(moved.page_count(), 0);
}

TEST_F(Pages, UntouchedPagesGoBeforeIdleOnes) {
  Cached(Counting(8));
  PageTable table;
  EXPECT_TRUE(cache_.Grow(table, 6));
  EXPECT_EQ(PagesOf(table), (Ids{2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(Found(Counting(8)), 8);
  EXPECT_EQ(cache_.free_count(), 2);
  EXPECT_EQ(cache_.stats().evicted_pages, 0u);
}

TEST_F(Pages, EvictsTheLeafThatWasUsedLongestAgo) {
  Cached(Counting(12));                        // A, pages 0 1 2
  Cached(Join(Counting(4), Counting(8, 50)));  // B, branches off
  EXPECT_EQ(cache_.stats().idle_pages, 5);
  PageTable used = Adopted(Counting(12));  // A again
  cache_.Release(used);
  PageTable table;
  EXPECT_TRUE(cache_.Grow(table, 4));  // three are free
  EXPECT_EQ(cache_.stats().evicted_pages, 1u);
  EXPECT_EQ(Found(Join(Counting(4), Counting(8, 50))), 8);  // B lost its end
  EXPECT_TRUE(cache_.Grow(table, 5));
  EXPECT_EQ(Found(Join(Counting(4), Counting(8, 50))), 4);
  EXPECT_EQ(Found(Counting(12)), 12);
  EXPECT_TRUE(cache_.Grow(table, 6));
  EXPECT_EQ(Found(Counting(12)), 8);
  EXPECT_TRUE(cache_.Grow(table, 8));
  EXPECT_EQ(Found(Counting(12)), 0);
  EXPECT_EQ(cache_.stats().evicted_pages, 5u);
  EXPECT_EQ(cache_.stats().indexed_pages, 0);
}

TEST_F(Pages, APageThatWasCopiedCountsAsUsed) {
  Cached(Counting(4));
  Cached(Counting(4, 50));
  PageTable table = Adopted({1, 2, 9});  // copies the older one
  ASSERT_EQ(copies_.size(), 1u);
  EXPECT_TRUE(cache_.Grow(table, 7));
  EXPECT_EQ(Found(Counting(4)), 4);
  EXPECT_EQ(Found(Counting(4, 50)), 0);
}

TEST_F(Pages, WhatIsHeldIsNotEvicted) {
  PageTable held = Computed(Counting(16));
  Cached(Counting(8, 50));
  PageTable table;
  EXPECT_FALSE(cache_.Grow(table, 5));
  EXPECT_EQ(Found(Counting(8, 50)), 8);  // a refusal evicts nothing
  EXPECT_TRUE(cache_.Grow(table, 4));
  EXPECT_EQ(Found(Counting(16)), 16);
  EXPECT_EQ(Found(Counting(8, 50)), 0);
}

TEST_F(Pages, AForkSharesEveryPage) {
  PageTable first, second;
  cache_.Grow(first, 3);
  cache_.Fork(first, second);
  EXPECT_EQ(PagesOf(first), PagesOf(second));
  EXPECT_EQ(cache_.references(1), 2);
  EXPECT_EQ(cache_.used_count(), 3);
  EXPECT_EQ(cache_.OwnPages(first), 0);
  cache_.Grow(second, 5);
  EXPECT_EQ(cache_.OwnPages(second), 2);
  cache_.Release(first);
  EXPECT_EQ(cache_.used_count(), 5);
  EXPECT_EQ(cache_.OwnPages(second), 5);
  cache_.Fork(second, second);
  EXPECT_EQ(cache_.OwnPages(second), 5);
  cache_.Grow(first, 3);
  cache_.Fork(first, second);  // gives back what it had
  EXPECT_EQ(cache_.used_count(), 3);
}

TEST_F(Pages, WritingASharedPageCopiesItAndOnlyIt) {
  PageTable first, second;
  cache_.Grow(first, 3);
  cache_.Fork(first, second);
  EXPECT_TRUE(cache_.MakeWritable(second, 10, &copies_));
  ASSERT_EQ(copies_.size(), 1u);
  EXPECT_EQ(copies_[0].from, 2);
  EXPECT_EQ(copies_[0].to, 3);
  EXPECT_EQ(PagesOf(second), (Ids{0, 1, 3}));
  EXPECT_EQ(PagesOf(first), (Ids{0, 1, 2}));
  // Now each has its own.
  EXPECT_TRUE(cache_.MakeWritable(first, 10, &copies_));
  EXPECT_TRUE(cache_.MakeWritable(second, 11, &copies_));
  EXPECT_EQ(copies_.size(), 1u);
  EXPECT_EQ(cache_.stats().copied_pages, 1u);
}

TEST_F(Pages, PagesBehindTheOneWrittenAreNotShared) {
  PageTable first, second;
  cache_.Grow(first, 3);
  cache_.Fork(first, second);
  EXPECT_TRUE(cache_.MakeWritable(second, 1, &copies_));
  EXPECT_EQ(copies_.size(), 1u);  // what comes behind need not be copied
  EXPECT_EQ(cache_.OwnPages(second), 3);
  EXPECT_EQ(PagesOf(first), (Ids{0, 1, 2}));
}

TEST_F(Pages, APageThatIsWrittenFromItsBeginningIsNotCopied) {
  PageTable first, second;
  cache_.Grow(first, 2);
  cache_.Fork(first, second);
  EXPECT_TRUE(cache_.MakeWritable(second, 4, &copies_));
  EXPECT_TRUE(copies_.empty());
  EXPECT_EQ(PagesOf(second), (Ids{0, 2}));
  EXPECT_TRUE(cache_.MakeWritable(second, -4, &copies_));  // as 0
  EXPECT_EQ(cache_.OwnPages(second), 2);
  EXPECT_TRUE(cache_.MakeWritable(second, 8, &copies_));  // not there yet
  EXPECT_TRUE(copies_.empty());
}

TEST_F(Pages, AWriteIsRefusedIfNoPageIsFree) {
  PageTable first, second;
  cache_.Grow(first, 7);
  cache_.Fork(first, second);
  EXPECT_FALSE(cache_.MakeWritable(second, 21, &copies_));  // needs two
  EXPECT_EQ(PagesOf(first), PagesOf(second));
  EXPECT_TRUE(copies_.empty());
  EXPECT_TRUE(cache_.MakeWritable(second, 25, &copies_));
  EXPECT_FALSE(cache_.MakeWritable(second, 0, &copies_));
}

TEST_F(Pages, WhatTheIndexVouchesForIsNotWritten) {
  PageTable table = Computed(Counting(6), true);
  // Behind the tokens published it writes on.
  EXPECT_TRUE(cache_.MakeWritable(table, 6, &copies_));
  EXPECT_EQ(PagesOf(table), (Ids{0, 1}));
  // Where it goes back, it takes a copy, and what was there stays.
  EXPECT_TRUE(cache_.MakeWritable(table, 5, &copies_));
  EXPECT_EQ(PagesOf(table), (Ids{0, 2}));
  ASSERT_EQ(copies_.size(), 1u);
  EXPECT_EQ(copies_[0].from, 1);
  EXPECT_EQ(Found(Counting(6)), 6);
  EXPECT_EQ(cache_.stats().idle_pages, 1);
}

TEST_F(Pages, ALonelyTableCanAlwaysWrite) {
  PageTable table = Computed(Counting(32));
  EXPECT_EQ(cache_.free_count(), 0);
  // No page for a copy: the index forgets this one and those behind it.
  EXPECT_TRUE(cache_.MakeWritable(table, 9, &copies_));
  EXPECT_TRUE(copies_.empty());
  EXPECT_EQ(cache_.OwnPages(table), 8);
  EXPECT_EQ(Found(Counting(32)), 8);
  EXPECT_EQ(cache_.stats().indexed_pages, 2);
  EXPECT_TRUE(cache_.MakeWritable(table, 0, &copies_));
  EXPECT_EQ(cache_.OwnPages(table), 8);
  EXPECT_EQ(cache_.stats().indexed_pages, 0);
}

}  // namespace
}  // namespace inlay::cache
