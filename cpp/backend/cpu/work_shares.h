// Divides a loop among the threads of a step while it runs, so that none waits
// long for one that the machine slows down.
//
// Each thread begins with an equal part and takes pieces from its front, ever
// smaller ones; a thread that has finished its own takes from the back of the
// others'. So each walks weights in order, and mostly the same ones each time.
#ifndef INLAY_BACKEND_CPU_WORK_SHARES_H_
#define INLAY_BACKEND_CPU_WORK_SHARES_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "cpp/base/thread_pool.h"

namespace inlay::backend::cpu {

// All threads run the same loops in the same order, with a barrier between any
// two. Every item is given out once.
class WorkShares {
 public:
  explicit WorkShares(int threads) : parts_(static_cast<size_t>(threads)) {}

  // Each thread calls it at the beginning of each loop, and then Take until it
  // returns an empty range.
  void Begin(int thread) { ++At(thread).loop; }
  Range Take(int thread, int64_t items);

 private:
  // What is left of a thread's part of the loop of that number. The number
  // tells a part that nobody has touched yet from what an earlier loop left.
  struct alignas(64) Part {
    std::atomic<uint64_t> left{0};
    uint32_t loop = 0;  // of its own thread only
  };
  enum class End : uint8_t { kFront, kBack };

  Part& At(int thread) { return parts_[static_cast<size_t>(thread)]; }
  Range TakeFrom(int owner, End end, uint32_t loop, int64_t units);

  std::vector<Part> parts_;
};

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_WORK_SHARES_H_
