// Random operations beside a naive model.
#include <cstdlib>

#include "gtest/gtest.h"
#include "tests/cache/cache_driver.h"

namespace inlay::cache {
namespace {

// INLAY_TEST_ALL is set by the long tests.
int Operations() {
  return std::getenv("INLAY_TEST_ALL") != nullptr ? 2'000'000 : 250'000;
}

// Shapes from so tight that nearly nothing fits to so wide that nothing must
// be evicted.
DriverOptions Shape(uint32_t seed) {
  constexpr int32_t kPages[] = {12, 3, 40, 16, 7, 24};
  constexpr int32_t kPageTokens[] = {3, 2, 4, 1, 4, 2};
  DriverOptions options;
  options.seed = seed;
  options.page_count = kPages[seed % 6];
  options.page_tokens = kPageTokens[seed % 6];
  options.domains = 1 + static_cast<int32_t>(seed % 3);
  options.alphabet = 2 + static_cast<int32_t>(seed % 2);
  options.sequences = 1 + static_cast<int32_t>(seed % 5);
  // Hashes alone must never decide: in every other run they often agree.
  if (seed % 2 != 0) options.hash_mask = seed % 4 - 1;
  return options;
}

void Drive(const DriverOptions& options, int operations,
           CacheDriver::Counts* counts) {
  CacheDriver driver(options);
  for (int i = 0; i < operations; ++i) {
    ASSERT_TRUE(driver.Step()) << "seed " << options.seed << ", operation " << i
                               << ": " << driver.error();
  }
  ASSERT_TRUE(driver.Finish())
      << "seed " << options.seed << ": " << driver.error();
  const CacheDriver::Counts& seen = driver.counts();
  counts->hits += seen.hits;
  counts->partial_hits += seen.partial_hits;
  counts->exchanges += seen.exchanges;
  counts->copies += seen.copies;
  counts->refusals += seen.refusals;
  counts->in_place += seen.in_place;
  counts->promised += seen.promised;
  counts->failures += seen.failures;
}

void ExpectAllHappened(const CacheDriver::Counts& counts) {
  EXPECT_GT(counts.hits, 100);
  EXPECT_GT(counts.partial_hits, 100);
  EXPECT_GT(counts.exchanges, 100);
  EXPECT_GT(counts.copies, 100);
  EXPECT_GT(counts.refusals, 100);
  EXPECT_GT(counts.in_place, 5);
  EXPECT_GT(counts.promised, 100);
}

TEST(RandomOperations, AgreeWithTheNaiveModel) {
  constexpr uint32_t kSeeds = 24;
  CacheDriver::Counts counts;
  for (uint32_t seed = 0; seed < kSeeds && !HasFatalFailure(); ++seed) {
    Drive(Shape(seed), Operations() / static_cast<int>(kSeeds), &counts);
  }
  ExpectAllHappened(counts);
}

TEST(RandomOperations, AFailedAllocationChangesNothing) {
  constexpr uint32_t kSeeds = 48;
  CacheDriver::Counts counts;
  for (uint32_t seed = 0; seed < kSeeds && !HasFatalFailure(); ++seed) {
    DriverOptions options = Shape(seed);
    options.faults = true;
    Drive(options, Operations() / 4 / static_cast<int>(kSeeds), &counts);
  }
  ExpectAllHappened(counts);
  EXPECT_GT(counts.failures, 1000);
}

}  // namespace
}  // namespace inlay::cache
