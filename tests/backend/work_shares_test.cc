#include "cpp/backend/cpu/work_shares.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace inlay::backend::cpu {
namespace {

TEST(WorkShares, EveryItemIsGivenOutOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    auto pool = *ThreadPool::Create({.thread_count = threads});
    WorkShares shares(threads);
    std::atomic<int> wrong{0};
    const std::vector<int64_t> loops = {0, 1, 2, 7, 16, 0, 97, 1000};
    for (int round = 0; round < 50; ++round) {
      std::vector<std::vector<std::atomic<int>>> given;
      for (const int64_t items : loops) {
        given.emplace_back(static_cast<size_t>(items));
      }
      pool->Run([&](int thread, int) {
        for (size_t i = 0; i < loops.size(); ++i) {
          shares.Begin(thread);
          while (true) {
            const Range piece = shares.Take(thread, loops[i]);
            if (piece.begin == piece.end) break;
            for (int64_t k = piece.begin; k < piece.end; ++k) {
              given[i][static_cast<size_t>(k)].fetch_add(1);
            }
          }
          pool->Barrier();
        }
      });
      for (const auto& loop : given) {
        for (const auto& count : loop) wrong += count.load() != 1;
      }
    }
    EXPECT_EQ(wrong.load(), 0) << threads;
  }
}

// Each loop begins anew, also when its number comes round again.
TEST(WorkShares, LoopNumbersWrap) {
  WorkShares shares(2);
  for (int loop = 0; loop < 70'000; ++loop) {
    shares.Begin(0);
    shares.Begin(1);
    int64_t sum = 0;
    for (int thread : {loop % 2, 1 - loop % 2}) {
      for (Range piece = shares.Take(thread, 5); piece.begin < piece.end;
           piece = shares.Take(thread, 5)) {
        sum += piece.end - piece.begin;
      }
    }
    ASSERT_EQ(sum, 5) << loop;
  }
}

TEST(WorkShares, LongLoopsEndToo) {
  WorkShares shares(2);
  const int64_t items = (int64_t{1} << 40) + 3;
  shares.Begin(0);
  shares.Begin(1);
  int64_t sum = 0;
  for (int thread : {0, 1}) {
    for (Range piece = shares.Take(thread, items); piece.begin < piece.end;
         piece = shares.Take(thread, items)) {
      sum += piece.end - piece.begin;
    }
  }
  EXPECT_EQ(sum, items);
}

// A thread that stops early leaves the others one piece to wait for: its
// fellow takes all the rest.
TEST(WorkShares, OthersTakeOverFromASlowThread) {
  WorkShares shares(2);
  shares.Begin(0);
  shares.Begin(1);
  const Range slow = shares.Take(0, 128);
  EXPECT_EQ(slow.begin, 0);
  EXPECT_EQ(slow.end, 32);  // half of its part
  int64_t taken = 0;
  for (Range piece = shares.Take(1, 128); piece.begin < piece.end;
       piece = shares.Take(1, 128)) {
    taken += piece.end - piece.begin;
  }
  EXPECT_EQ(taken, 128 - 32);
}

}  // namespace
}  // namespace inlay::backend::cpu
