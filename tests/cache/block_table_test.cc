#include "cpp/cache/block_table.h"

#include "gtest/gtest.h"

namespace inlay::cache {
namespace {

TEST(BlockTable, PagesForRoundsUp) {
  EXPECT_EQ(PagesFor(0, 32), 0);
  EXPECT_EQ(PagesFor(-1, 32), 0);
  EXPECT_EQ(PagesFor(1, 32), 1);
  EXPECT_EQ(PagesFor(32, 32), 1);
  EXPECT_EQ(PagesFor(33, 32), 2);
  EXPECT_EQ(PagesFor(INT32_MAX, 32), 1 << 26);
}

TEST(BlockTable, GrowsAllOrNothingAndReturnsAll) {
  BlockPool pool(5);
  BlockTable first, second;
  EXPECT_TRUE(first.Grow(3, pool));
  EXPECT_TRUE(first.Grow(2, pool));  // never shrinks
  EXPECT_EQ(first.page_count(), 3);
  EXPECT_FALSE(second.Grow(3, pool));
  EXPECT_EQ(second.page_count(), 0);
  EXPECT_EQ(pool.free_count(), 2);
  EXPECT_TRUE(second.Grow(2, pool));
  first.Release(pool);
  first.Release(pool);
  EXPECT_EQ(pool.free_count(), 3);
  // The pages come back in their order.
  EXPECT_TRUE(first.Grow(3, pool));
  EXPECT_EQ(first.pages()[0], 0);
  EXPECT_EQ(first.pages()[2], 2);
}

}  // namespace
}  // namespace inlay::cache
