#include "cpp/backend/cpu/attention_split.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/ops.h"

namespace inlay::backend::cpu {
namespace {

// A unit below this part of a thread's share is not worth cutting.
constexpr int64_t kSmallPart = 8;

// The share of thread t begins at total * t / threads. The first t that begins
// at `point` or after it:
int64_t FirstFrom(int64_t point, int64_t total, int threads) {
  return (point * threads + total - 1) / total;
}

}  // namespace

AttentionShare ShareOfUnit(const AttentionUnit& unit, int64_t total, int thread,
                           int threads) {
  AttentionShare share;
  // Shares that begin strictly inside the unit.
  const int64_t first = FirstFrom(unit.before + 1, total, threads);
  const int64_t last =
      std::min<int64_t>(FirstFrom(unit.before + unit.cost, total, threads),
                        threads) -
      1;
  const int64_t cuts = last - first + 1;
  share.split = cuts > 0 && unit.segments > 1 &&
                unit.pairs <= kernels::cpu::kAttentionTile &&
                int64_t{unit.pairs} * unit.segments <= cuts * kStatesPerCut &&
                unit.cost * kSmallPart * threads > total;
  if (!share.split) {
    const int64_t middle = unit.before + unit.cost / 2;
    const int64_t owner = FirstFrom(middle + 1, total, threads) - 1;
    if (owner == thread) share.end = unit.segments;
    return share;
  }
  const auto cut = [&](int64_t t) -> int32_t {
    if (t < first) return 0;
    if (t > last) return unit.segments;
    const double part = static_cast<double>(total * t / threads - unit.before) /
                        static_cast<double>(unit.cost);
    return static_cast<int32_t>(std::lround(part * unit.segments));
  };
  share.begin = cut(thread);
  share.end = cut(int64_t{thread} + 1);
  share.slot = static_cast<int32_t>(first - 1);
  share.merger = static_cast<int>(first);
  return share;
}

}  // namespace inlay::backend::cpu
