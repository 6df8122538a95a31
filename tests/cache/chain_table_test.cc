#include "cpp/cache/chain_table.h"

#include <set>

#include "gtest/gtest.h"

namespace inlay::cache {
namespace {

std::multiset<int32_t> Of(const ChainTable& table, size_t hash) {
  std::multiset<int32_t> ids;
  for (int32_t id = table.First(hash); id >= 0; id = table.Next(id)) {
    ids.insert(id);
  }
  return ids;
}

TEST(ChainTable, IsEmptyAtFirst) {
  ChainTable table;
  EXPECT_EQ(table.First(0), -1);
  table.Reserve(1);
  EXPECT_EQ(table.First(0), -1);
}

TEST(ChainTable, FindsAllWithTheSameHashAndNoOther) {
  ChainTable table;
  table.Reserve(5);
  table.Insert(0, 7);
  table.Insert(1, 7 + 16);  // the same chain
  table.Insert(2, 7);
  table.Insert(3, 7 + 32);
  table.Insert(4, 7);
  EXPECT_EQ(Of(table, 7), (std::multiset<int32_t>{0, 2, 4}));
  EXPECT_EQ(Of(table, 7 + 16), (std::multiset<int32_t>{1}));
  EXPECT_EQ(Of(table, 7 + 48), (std::multiset<int32_t>{}));
  table.Remove(2);
  table.Remove(1);
  EXPECT_EQ(Of(table, 7), (std::multiset<int32_t>{0, 4}));
  EXPECT_EQ(Of(table, 7 + 16), (std::multiset<int32_t>{}));
  EXPECT_EQ(Of(table, 7 + 32), (std::multiset<int32_t>{3}));
}

TEST(ChainTable, OneTakesThePlaceOfAnother) {
  ChainTable table;
  table.Reserve(3);
  table.Insert(0, 1);
  table.Insert(1, 17);
  table.Replace(0, 2);
  EXPECT_EQ(Of(table, 1), (std::multiset<int32_t>{2}));
  EXPECT_EQ(Of(table, 17), (std::multiset<int32_t>{1}));
}

TEST(ChainTable, GrowsWithWhatItHas) {
  ChainTable table;
  for (int32_t id = 0; id < 1000; ++id) {
    table.Reserve(static_cast<size_t>(id) + 1);
    table.Insert(id, static_cast<size_t>(id % 300) * 8);
  }
  for (int32_t id = 0; id < 1000; id += 2) table.Remove(id);
  for (int32_t key = 0; key < 300; ++key) {
    std::multiset<int32_t> ids;
    for (int32_t id = key; id < 1000; id += 300) {
      if (id % 2 != 0) ids.insert(id);
    }
    EXPECT_EQ(Of(table, static_cast<size_t>(key) * 8), ids);
  }
}

}  // namespace
}  // namespace inlay::cache
