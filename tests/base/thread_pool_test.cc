#include "cpp/base/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <xmmintrin.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace inlay {
namespace {

std::unique_ptr<ThreadPool> MakePool(int threads, int64_t spin_ns = 50'000) {
  auto pool = ThreadPool::Create({.thread_count = threads, .spin_ns = spin_ns});
  EXPECT_TRUE(pool.ok()) << pool.status();
  return *std::move(pool);
}

class ThreadPoolTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 3, 8));

TEST_P(ThreadPoolTest, EveryThreadRunsOnce) {
  auto pool = MakePool(GetParam());
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> calls(static_cast<size_t>(GetParam()));
    pool->Run([&](int thread, int threads) {
      EXPECT_EQ(threads, GetParam());
      calls[static_cast<size_t>(thread)].fetch_add(1);
    });
    for (const auto& count : calls) EXPECT_EQ(count.load(), 1);
  }
}

TEST_P(ThreadPoolTest, BarrierSeparatesPhases) {
  auto pool = MakePool(GetParam());
  std::atomic<int> sum{0};
  std::atomic<int> wrong{0};
  pool->Run([&](int, int threads) {
    for (int phase = 1; phase <= 200; ++phase) {
      sum.fetch_add(1);
      pool->Barrier();
      if (sum.load() != phase * threads) wrong.fetch_add(1);
      pool->Barrier();
    }
  });
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(ThreadPoolTest, WorkersThatSleptWakeUp) {
  auto pool = MakePool(GetParam(), /*spin_ns=*/0);
  std::atomic<int> calls{0};
  for (int round = 0; round < 50; ++round) {
    pool->Run([&](int, int) {
      calls.fetch_add(1);
      pool->Barrier();
    });
    if (round % 10 == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  EXPECT_EQ(calls.load(), 50 * GetParam());
}

TEST(ThreadPool, ConcurrentCallersTakeTurns) {
  auto pool = MakePool(2);
  std::atomic<int> inside{0};
  std::atomic<int> overlaps{0};
  std::atomic<int> regions{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        pool->Run([&](int thread, int) {
          if (thread != 0) return;
          if (inside.fetch_add(1) != 0) overlaps.fetch_add(1);
          regions.fetch_add(1);
          inside.fetch_sub(1);
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(overlaps.load(), 0);
  EXPECT_EQ(regions.load(), 400);
}

TEST(ThreadPool, FloatingPointModeIsDefaultInsideAndKeptOutside) {
  const unsigned before = _mm_getcsr();
  const unsigned odd = 0x1f80 | 0x8040 | 0x6000;  // flush, zero, truncate
  _mm_setcsr(odd);
  auto pool = MakePool(2);  // a worker inherits its creator's mode
  unsigned modes[2] = {};
  pool->Run([&](int thread, int) { modes[thread] = _mm_getcsr(); });
  EXPECT_EQ(_mm_getcsr(), odd);
  _mm_setcsr(before);
  EXPECT_EQ(modes[0] & ~0x3fu, 0x1f80u);
  EXPECT_EQ(modes[1] & ~0x3fu, 0x1f80u);
}

TEST(ThreadPool, WorkersBlockSignalsAndTheCallerKeepsItsMask) {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  auto pool = MakePool(2);
  int blocked[2] = {};
  pool->Run([&](int thread, int) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked[thread] = sigismember(&mask, SIGUSR1);
  });
  EXPECT_EQ(blocked[0], sigismember(&before, SIGUSR1));
  EXPECT_EQ(blocked[1], 1);
}

TEST(ThreadPool, RefusesAnAbsurdCount) {
  for (int count : {-1, 1'000'000}) {
    EXPECT_EQ(ThreadPool::Create({.thread_count = count}).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(ThreadPool, DefaultCountIsUsable) {
  const int count = DefaultThreadCount();
  EXPECT_GE(count, 1);
  EXPECT_LE(count, static_cast<int>(std::thread::hardware_concurrency()));
  auto pool = MakePool(0);
  EXPECT_EQ(pool->thread_count(), count);
}

// On a thread of its own, so that only its mask changes.
TEST(ThreadPool, DefaultCountKeepsToTheAffinityMask) {
  int count = 0;
  int workers_on = 0;
  std::thread([&] {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    int last = -1;
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &all)) last = i;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    count = DefaultThreadCount();
    // More threads than the mask has processors still stay inside it.
    auto pool = MakePool(2);
    std::atomic<int> inside{0};
    pool->Run([&](int, int) { inside += sched_getcpu() == last; });
    workers_on = inside.load();
  }).join();
  EXPECT_EQ(count, 1);
  EXPECT_EQ(workers_on, 2);
}

TEST(SplitRange, PartsCoverTheCountInOrder) {
  for (int64_t count : {0, 1, 7, 16, 33, 1000}) {
    for (int64_t grain : {1, 4, 16}) {
      for (int parts : {1, 2, 3, 7}) {
        int64_t next = 0;
        for (int i = 0; i < parts; ++i) {
          const Range range = SplitRange(count, grain, i, parts);
          EXPECT_EQ(range.begin, next);
          EXPECT_TRUE(range.begin % grain == 0 || range.begin == count);
          EXPECT_LE(range.end - range.begin,
                    (count / grain / parts + 1) * grain);
          next = range.end;
        }
        EXPECT_EQ(next, count);
      }
    }
  }
}

}  // namespace
}  // namespace inlay
