#include "cpp/backend/cpu/attention_split.h"

#include <algorithm>
#include <cmath>

namespace inlay::backend::cpu {
namespace {

// A unit below this part of a thread's share is not worth cutting.
constexpr int64_t kSmallPart = 8;

// Rows of one request that attend together share the work of reading keys and
// values; but a request that is much of the step gives all threads something
// to choose from, as far as its tiles keep this many rows and heads.
constexpr int32_t kLeastTilePairs = 12;
constexpr int64_t kUnitsPerThread = 4;

// A unit's cost: a key costs something for each pair, and something once; and
// a pair costs something beside its keys.
constexpr int64_t kReadCost = 3;
constexpr int64_t kPairKeys = 32;

// The share of thread t begins at total * t / threads. The first t that begins
// at `point` or after it:
int64_t FirstFrom(int64_t point, int64_t total, int threads) {
  return (point * threads + total - 1) / total;
}

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

AttentionDivision::AttentionDivision(
    const std::vector<scheduler::RowGroup>& groups, const AttentionHeads& heads,
    int threads)
    : groups_(groups), heads_(heads), threads_(threads) {
  for (const scheduler::RowGroup& group : groups_) {
    guess_ += Unit(group, 0, group.row_count, 0).cost * heads_.kv_heads;
  }
  ForEach([this](const AttentionTile&, const AttentionUnit& unit) {
    total_ += unit.cost;
  });
}

AttentionUnit AttentionDivision::Unit(const scheduler::RowGroup& group,
                                      int32_t first, int32_t rows,
                                      int64_t before) const {
  const int32_t begin = FirstKey(group.position + first);
  const int32_t end = LastKey(group, first + rows - 1);
  const int64_t keys = int64_t{end} - begin + 1;
  const int64_t pairs = int64_t{rows} * heads_.q_per_kv;
  return {.before = before,
          .cost = keys * (pairs + kReadCost) + pairs * kPairKeys,
          .segments = end / kernels::cpu::kAttentionSegment -
                      begin / kernels::cpu::kAttentionSegment + 1,
          .pairs = static_cast<int32_t>(pairs)};
}

// Equal tiles, as many as the group's part of the step asks for; small enough
// to be cut, if they are worth it.
int32_t AttentionDivision::TileRows(const scheduler::RowGroup& group) const {
  if (group.row_count == 1) return 1;
  const int64_t most =
      std::max(1, kernels::cpu::kAttentionTile / heads_.q_per_kv);
  const int64_t least = CeilDiv(kLeastTilePairs, heads_.q_per_kv);
  const int64_t fewest = CeilDiv(group.row_count, most);
  const AttentionUnit whole = Unit(group, 0, group.row_count, 0);
  const int64_t wanted =
      CeilDiv(whole.cost * kUnitsPerThread * threads_, guess_);
  const int64_t tiles = std::clamp(
      wanted, fewest, std::max(fewest, int64_t{group.row_count} / least));
  int64_t rows = CeilDiv(group.row_count, tiles);
  if (whole.cost * kSmallPart * threads_ > guess_ * tiles) {
    const int64_t states = int64_t{whole.segments} * heads_.q_per_kv;
    rows = std::min(rows, std::max(least, kStatesPerCut / states));
  }
  return static_cast<int32_t>(rows);
}

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
