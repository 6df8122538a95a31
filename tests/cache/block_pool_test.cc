#include "cpp/cache/block_pool.h"

#include <set>

#include "gtest/gtest.h"

namespace inlay::cache {
namespace {

TEST(BlockPool, GivesEachPageOnceAndInOrder) {
  BlockPool pool(3);
  EXPECT_EQ(pool.Allocate(), 0);
  EXPECT_EQ(pool.Allocate(), 1);
  EXPECT_EQ(pool.Allocate(), 2);
  EXPECT_EQ(pool.Allocate(), -1);
  EXPECT_EQ(pool.free_count(), 0);
  EXPECT_EQ(pool.used_count(), 3);
}

TEST(BlockPool, ReusesTheWarmPageBeforeAnUntouchedOne) {
  BlockPool pool(4);
  pool.Allocate();
  const int32_t page = pool.Allocate();
  EXPECT_TRUE(pool.Release(page));
  EXPECT_EQ(pool.Allocate(), page);
}

TEST(BlockPool, ASharedPageReturnsWithItsLastReference) {
  BlockPool pool(1);
  const int32_t page = pool.Allocate();
  pool.AddReference(page);
  EXPECT_TRUE(pool.Release(page));
  EXPECT_EQ(pool.free_count(), 0);
  EXPECT_EQ(pool.references(page), 1);
  EXPECT_TRUE(pool.Release(page));
  EXPECT_EQ(pool.free_count(), 1);
}

TEST(BlockPool, RefusesToReleaseWhatIsNotInUse) {
  BlockPool pool(2);
  EXPECT_FALSE(pool.Release(0));
  EXPECT_FALSE(pool.Release(-1));
  EXPECT_FALSE(pool.Release(2));
  EXPECT_EQ(pool.free_count(), 2);
  EXPECT_EQ(BlockPool(-5).page_count(), 0);
}

}  // namespace
}  // namespace inlay::cache
