// Divides the attention of a step among threads: pure arithmetic, which every
// thread repeats with the same result.
//
// The work is a row of units, each with a cost, and each thread's share begins
// at an equal part of the whole. A unit in which a share begins belongs to the
// thread that holds its middle, unless it is large: then it is cut there,
// between segments of keys, and the states of its segments are saved until all
// are there. So a long context uses all threads even for one row.
#ifndef INLAY_BACKEND_CPU_ATTENTION_SPLIT_H_
#define INLAY_BACKEND_CPU_ATTENTION_SPLIT_H_

#include <cstdint>

namespace inlay::backend::cpu {

// Room for states: this many for each place where a share may begin, which are
// as many as there are threads beyond the first.
inline constexpr int32_t kStatesPerCut = 1024;

struct AttentionUnit {
  int64_t before;    // cost of the units before it
  int64_t cost;      // at least 1
  int32_t segments;  // at least 1
  int32_t pairs;     // states of a segment
};

struct AttentionShare {
  // This thread's segments, counted from the unit's first; none if equal.
  int32_t begin = 0, end = 0;
  bool split = false;
  // Of a split unit: where its states are, in units of kStatesPerCut, and the
  // thread that merges them.
  int32_t slot = 0;
  int merger = 0;
};

// `total` is the cost of all units.
AttentionShare ShareOfUnit(const AttentionUnit& unit, int64_t total, int thread,
                           int threads);

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_ATTENTION_SPLIT_H_
