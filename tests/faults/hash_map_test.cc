// A table that cannot grow, or cannot copy a key, stays as it was.
#include "cpp/base/hash_map.h"

#include <new>
#include <string>

#include "gtest/gtest.h"
#include "tests/faults/failing_new.h"

namespace inlay::faults {
namespace {

TEST(HashMap, SurvivesEveryFailedAllocation) {
  const std::string long_text(40, 'k');
  for (int64_t n = 1, failures = 1; failures != 0; ++n) {
    const int64_t before = LiveBlocks();
    {
      HashMap<std::string, int> map;
      ArmNew(n, Repeat::kOnce);
      for (int i = 0; i < 60; ++i) {
        try {
          map.emplace(long_text + std::to_string(i), i);
        } catch (const std::bad_alloc&) {
          --i;  // once more
        }
      }
      failures = NewFailures();
      DisarmNew();
      ASSERT_EQ(map.size(), 60u) << "allocation " << n;
      for (int i = 0; i < 60; ++i) {
        const auto* found = map.find(long_text + std::to_string(i));
        ASSERT_NE(found, nullptr) << "allocation " << n << ", key " << i;
        ASSERT_EQ(found->second, i);
      }
    }
    ASSERT_EQ(LiveBlocks(), before) << "allocation " << n;
  }
}

}  // namespace
}  // namespace inlay::faults
