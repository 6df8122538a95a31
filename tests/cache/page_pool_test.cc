#include "cpp/cache/page_pool.h"

#include "gtest/gtest.h"

namespace inlay::cache {
namespace {

TEST(PagePool, GivesEachPageOnceAndInOrder) {
  PagePool pool(3);
  EXPECT_EQ(pool.Take(), 0);
  EXPECT_EQ(pool.Take(), 1);
  EXPECT_EQ(pool.Take(), 2);
  EXPECT_EQ(pool.Take(), -1);
  EXPECT_EQ(pool.free_count(), 0);
}

TEST(PagePool, ReusesTheWarmPageBeforeAnUntouchedOne) {
  PagePool pool(4);
  pool.Take();
  const int32_t page = pool.Take();
  pool.Drop(page);
  EXPECT_EQ(pool.Take(), page);
  EXPECT_EQ(pool.Take(), 2);
}

TEST(PagePool, ASharedPageReturnsWithItsLastReference) {
  PagePool pool(1);
  const int32_t page = pool.Take();
  pool.Hold(page);
  pool.Drop(page);
  EXPECT_EQ(pool.free_count(), 0);
  EXPECT_EQ(pool.references(page), 1);
  pool.Drop(page);
  EXPECT_EQ(pool.free_count(), 1);
}

TEST(PagePool, AKeptPageBecomesIdle) {
  PagePool pool(2);
  const int32_t page = pool.Take();
  pool.Keep(page);
  EXPECT_EQ(pool.kept_count(), 1);
  EXPECT_EQ(pool.oldest_idle(), -1);
  pool.Drop(page);
  EXPECT_EQ(pool.idle_count(), 1);
  EXPECT_EQ(pool.free_count(), 1);
  EXPECT_EQ(pool.oldest_idle(), page);
  pool.Hold(page);
  EXPECT_EQ(pool.idle_count(), 0);
  pool.Drop(page);
  pool.Discard(page);
  EXPECT_EQ(pool.idle_count(), 0);
  EXPECT_EQ(pool.kept_count(), 0);
  EXPECT_EQ(pool.free_count(), 2);
  EXPECT_TRUE(pool.Validate().ok());
}

TEST(PagePool, AHeldPageThatIsDiscardedBecomesFreeWhenDropped) {
  PagePool pool(1);
  const int32_t page = pool.Take();
  pool.Keep(page);
  pool.Discard(page);
  EXPECT_EQ(pool.free_count(), 0);
  pool.Drop(page);
  EXPECT_EQ(pool.free_count(), 1);
  EXPECT_TRUE(pool.Validate().ok());
}

TEST(PagePool, KnowsTheOrderInWhichPagesBecameIdle) {
  PagePool pool(4);
  for (int i = 0; i < 4; ++i) pool.Keep(pool.Take());
  for (const int32_t page : {2, 0, 3, 1}) pool.Drop(page);
  pool.Hold(0);
  pool.Drop(0);  // the newest now
  std::vector<int32_t> order;
  for (int32_t page = pool.oldest_idle(); page >= 0;
       page = pool.newer_idle(page)) {
    order.push_back(page);
  }
  EXPECT_EQ(order, (std::vector<int32_t>{2, 3, 1, 0}));
  EXPECT_TRUE(pool.Validate().ok());
}

TEST(PagePool, MayBeEmpty) {
  for (const int32_t count : {0, -5}) {
    PagePool pool(count);
    EXPECT_EQ(pool.page_count(), 0);
    EXPECT_EQ(pool.Take(), -1);
    EXPECT_EQ(pool.oldest_idle(), -1);
    EXPECT_TRUE(pool.Validate().ok());
  }
}

}  // namespace
}  // namespace inlay::cache
