// Tokens that a request is going to compute.
#include "cpp/cache/page_cache.h"
#include "tests/cache/cache_fixture.h"

namespace inlay::cache {
namespace {

class Promise : public CacheTest {};

TEST_F(Promise, APromiseIsSeenUntilItIsKept) {
  cache_.Promise("", Counting(10), 1);
  PrefixMatch match = cache_.Find("", Counting(10));
  EXPECT_TRUE(match.promised);
  EXPECT_EQ(match.tokens, 0);
  EXPECT_EQ(cache_.free_count(), 8);
  EXPECT_EQ(cache_.stats().indexed_pages, 0);

  PageTable table;
  cache_.Grow(table, 3);
  cache_.Publish("", Counting(5), true, table, 1);
  match = cache_.Find("", Counting(10));
  EXPECT_TRUE(match.promised);  // the second page
  EXPECT_EQ(match.tokens, 5);
  EXPECT_EQ(match.pages, 1);
  cache_.Publish("", Counting(8), true, table, 1);
  match = cache_.Find("", Counting(10));
  EXPECT_FALSE(match.promised);  // what is not a whole page never is
  EXPECT_EQ(match.tokens, 8);
  cache_.Withdraw(1);
  EXPECT_EQ(Found(Counting(10)), 8);
}

TEST_F(Promise, OnlyWhoWantsTheWholePageWaits) {
  cache_.Promise("", Counting(8), 1);
  EXPECT_FALSE(cache_.Find("", Counting(3)).promised);
  EXPECT_TRUE(cache_.Find("", Counting(4)).promised);
  EXPECT_FALSE(cache_.Find("", TokenList{1, 2, 3, 5, 6}).promised);
  EXPECT_FALSE(cache_.Find("other", Counting(8)).promised);
  // Promised tokens are not there to be copied.
  EXPECT_EQ(Found(Counting(3)), 0);
}

TEST_F(Promise, WhatIsWithdrawnLeavesNothing) {
  PageTable table = Computed(Counting(4));
  cache_.Promise("", Counting(20), 1);
  cache_.Promise("other", Counting(20), 2);
  cache_.Withdraw(3);
  cache_.Withdraw(0);
  cache_.Withdraw(1);
  EXPECT_FALSE(cache_.Find("", Counting(20)).promised);
  EXPECT_EQ(Found(Counting(20)), 4);
  EXPECT_TRUE(cache_.Find("other", Counting(20)).promised);
  cache_.Withdraw(2);
  cache_.Withdraw(2);
  EXPECT_FALSE(cache_.Find("other", Counting(20)).promised);
}

TEST_F(Promise, APromiseReplacesTheOneBefore) {
  cache_.Promise("", Counting(8), 1);
  cache_.Promise("", Counting(8, 50), 1);
  EXPECT_FALSE(cache_.Find("", Counting(8)).promised);
  EXPECT_TRUE(cache_.Find("", Counting(8, 50)).promised);
  cache_.Promise("", Counting(12, 50), 1);  // a longer one, the same beginning
  EXPECT_TRUE(cache_.Find("", Counting(8, 50)).promised);
  cache_.Promise("", Counting(3), 1);  // no whole page: none
  EXPECT_FALSE(cache_.Find("", Counting(8, 50)).promised);
}

TEST_F(Promise, TwoNeverPromiseTheSame) {
  cache_.Promise("", Counting(8), 1);
  cache_.Promise("", Join(Counting(4), Counting(8, 50)), 2);
  cache_.Promise("", Counting(12), 3);
  ExpectValid();
  cache_.Withdraw(1);
  // Those of the others began with it and were not made.
  EXPECT_FALSE(cache_.Find("", Counting(12)).promised);
  cache_.Promise("", Counting(12), 3);
  EXPECT_TRUE(cache_.Find("", Counting(12)).promised);
}

TEST_F(Promise, WhoComesFirstKeepsThePromiseOfAnother) {
  cache_.Promise("", Counting(12), 1);
  PageTable table = Computed(Counting(8));  // by another request
  PrefixMatch match = cache_.Find("", Counting(12));
  EXPECT_EQ(match.tokens, 8);
  EXPECT_TRUE(match.promised);  // the rest is still to come
  ExpectValid();
  cache_.Withdraw(1);
  match = cache_.Find("", Counting(12));
  EXPECT_EQ(match.tokens, 8);
  EXPECT_FALSE(match.promised);
  // All of it kept by another: nothing is left to withdraw.
  cache_.Promise("", Counting(12), 1);
  cache_.Grow(table, 3);
  cache_.Publish("", Counting(12), false, table, 2);
  cache_.Withdraw(1);
  EXPECT_EQ(Found(Counting(12)), 12);
}

TEST_F(Promise, WhatFollowsAnEvictedPageIsNoLongerPromised) {
  Cached(Counting(4));
  cache_.Promise("", Counting(8), 1);
  PageTable table;
  EXPECT_TRUE(cache_.Grow(table, 8));
  EXPECT_FALSE(cache_.Find("", Counting(8)).promised);
  ExpectValid();
  cache_.Withdraw(1);
}

TEST_F(Promise, ForgettingADomainVoidsItsPromises) {
  cache_.Promise("a", Counting(8), 1);
  cache_.Forget("a");
  EXPECT_FALSE(cache_.Find("a", Counting(8)).promised);
  cache_.Withdraw(1);
}

TEST_F(Promise, AnEmptyOrNamelessPromiseIsNone) {
  cache_.Promise("", Counting(3), 1);
  cache_.Promise("", Counting(0), 1);
  cache_.Promise("", Counting(8), 0);
  EXPECT_FALSE(cache_.Find("", Counting(8)).promised);
}

TEST_F(Promise, NoMoreIsPromisedThanThereArePages) {
  cache_.Promise("", Counting(4 * 100), 1);
  PageTable table = Computed(Counting(32));
  EXPECT_FALSE(cache_.Find("", Counting(400)).promised);
}

}  // namespace
}  // namespace inlay::cache
