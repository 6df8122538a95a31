// Random numbers that are the same everywhere.
#ifndef INLAY_TESTS_SCHEDULER_SIM_RANDOM_H_
#define INLAY_TESTS_SCHEDULER_SIM_RANDOM_H_

#include <cstdint>

namespace inlay::scheduler {

// A linear congruential generator with a mixed output; quick, and good enough
// to draw events.
class SimRandom {
 public:
  explicit SimRandom(uint64_t seed) : state_(seed * 2 + 1) { Next(); }
  uint32_t Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    const uint64_t mixed = (state_ ^ (state_ >> 29)) * 0x9fb21c651e98df25u;
    return static_cast<uint32_t>(mixed >> 32);
  }
  // In [0, count).
  int32_t Below(int32_t count) {
    return static_cast<int32_t>(uint64_t{Next()} * count >> 32);
  }
  bool Chance(int32_t thousandths) { return Below(1000) < thousandths; }

 private:
  uint64_t state_;
};

}  // namespace inlay::scheduler

#endif  // INLAY_TESTS_SCHEDULER_SIM_RANDOM_H_
