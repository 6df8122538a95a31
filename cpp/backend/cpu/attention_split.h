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

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cpp/scheduler/step_plan.h"
#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {

// Room for states: this many for each place where a share may begin, which are
// as many as there are threads beyond the first.
inline constexpr int32_t kStatesPerCut = 2048;

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

// Some rows of one group, with the q heads of one kv head.
struct AttentionTile {
  const scheduler::RowGroup& group;
  int32_t first, rows;  // in the group
  int32_t kv_head;
  int32_t segment;  // the first that any row sees
};

struct AttentionHeads {
  int32_t kv_heads;
  int32_t q_per_kv;
  int32_t window;
  bool bidirectional = false;  // see model::AttentionOp
  bool cross = false;
};

// The attention of one step in units, one for each tile.
class AttentionDivision {
 public:
  AttentionDivision(const std::vector<scheduler::RowGroup>& groups,
                    const AttentionHeads& heads, int threads);

  int64_t total() const { return total_; }

  // Runs body(tile, unit) for all. Tiles of one kv head follow each other, so
  // that its keys and values stay near.
  template <typename Body>
  void ForEach(const Body& body) const {
    int64_t before = 0;
    for (const scheduler::RowGroup& group : groups_) {
      const int32_t step = TileRows(group);
      for (int32_t head = 0; head < heads_.kv_heads; ++head) {
        for (int32_t first = 0; first < group.row_count; first += step) {
          const int32_t rows = std::min(step, group.row_count - first);
          const AttentionUnit unit = Unit(group, first, rows, before);
          body(AttentionTile{group, first, rows, head,
                             FirstKey(group.position + first) /
                                 kernels::cpu::kAttentionSegment},
               unit);
          before += unit.cost;
        }
      }
    }
  }

 private:
  int32_t LastKey(const scheduler::RowGroup& group, int32_t row) const {
    if (heads_.cross) return group.encoder_length - 1;
    if (!heads_.bidirectional) return group.position + row;
    const int32_t last = group.row_count - 1;
    const int32_t ahead = heads_.window > 0 ? heads_.window - 1 : last;
    return group.position + row + std::min(ahead, last - row);
  }
  int32_t FirstKey(int32_t position) const {
    return heads_.window > 0 && position >= heads_.window
               ? position - heads_.window + 1
               : 0;
  }
  AttentionUnit Unit(const scheduler::RowGroup& group, int32_t first,
                     int32_t rows, int64_t before) const;
  int32_t TileRows(const scheduler::RowGroup& group) const;

  const std::vector<scheduler::RowGroup>& groups_;
  const AttentionHeads heads_;
  const int threads_;
  int64_t guess_ = 0;  // the total if each group were one tile
  int64_t total_ = 0;
};

}  // namespace inlay::backend::cpu

#endif  // INLAY_BACKEND_CPU_ATTENTION_SPLIT_H_
