#include "cpp/base/hash_map.h"

#include <cstdint>
#include <random>
#include <string>
#include <unordered_map>

#include "gtest/gtest.h"

namespace inlay {
namespace {

TEST(HashMap, AgreesWithTheStandardOne) {
  HashMap<uint64_t, int> ours;
  std::unordered_map<uint64_t, int> theirs;
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    // Few distinct keys, all multiples of a power of two.
    const uint64_t key = (random() % 7000) << 20;
    const auto [entry, added] = ours.try_emplace(key, i);
    const auto [expected, expected_added] = theirs.try_emplace(key, i);
    ASSERT_EQ(added, expected_added);
    ASSERT_EQ(entry->second, expected->second);
    ASSERT_EQ(ours.size(), theirs.size());
  }
  for (uint64_t i = 0; i < 8000; ++i) {
    const auto* found = ours.find(i << 20);
    const auto expected = theirs.find(i << 20);
    ASSERT_EQ(found == ours.end(), expected == theirs.end());
    if (found != nullptr) {
      ASSERT_EQ(found->second, expected->second);
    }
  }
}

TEST(HashMap, FindsStringsByViewsAndIsCopied) {
  HashMap<std::string, size_t> map;
  EXPECT_FALSE(map.contains("a"));
  map.reserve(3);
  for (const char* key : {"", "a", "a much longer key, on the heap"}) {
    EXPECT_TRUE(map.emplace(key, map.size()).second);
  }
  EXPECT_FALSE(map.emplace("a", 9).second);
  const HashMap<std::string, size_t> copy = map;
  EXPECT_EQ(copy.find(std::string_view("a"))->second, 1u);
  EXPECT_EQ(copy.find("")->second, 0u);
  EXPECT_EQ(copy.find("b"), copy.end());
}

TEST(HashSet, InsertsOnce) {
  HashSet<std::string> set;
  EXPECT_TRUE(set.insert("x").second);
  EXPECT_FALSE(set.insert("x").second);
  EXPECT_TRUE(set.contains(std::string_view("x")));
  EXPECT_FALSE(set.contains("y"));
}

}  // namespace
}  // namespace inlay
