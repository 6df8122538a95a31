#include "tests/bench/roofline/parallel.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace inlay::roofline {
namespace {

std::vector<int> UsableList() {
  std::vector<int> list;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) list.push_back(i);
    }
  }
  if (list.empty()) list.push_back(0);
  return list;
}

void PinTo(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

}  // namespace

int UsableProcessors() { return static_cast<int>(UsableList().size()); }

double RunTogether(int threads, const std::function<void(int)>& body) {
  using Clock = std::chrono::steady_clock;
  const std::vector<int> processors = UsableList();
  const size_t count = static_cast<size_t>(threads);
  std::vector<Clock::time_point> begin(count), end(count);
  std::atomic<int> waiting{threads};
  std::vector<std::thread> pool;
  for (size_t i = 0; i < count; ++i) {
    pool.emplace_back([&, i] {
      PinTo(processors[i % processors.size()]);
      waiting.fetch_sub(1);
      while (waiting.load() > 0) std::this_thread::yield();
      begin[i] = Clock::now();
      body(static_cast<int>(i));
      end[i] = Clock::now();
    });
  }
  for (std::thread& thread : pool) thread.join();
  const auto first = *std::min_element(begin.begin(), begin.end());
  const auto last = *std::max_element(end.begin(), end.end());
  return std::chrono::duration<double>(last - first).count();
}

}  // namespace inlay::roofline
