#include "cpp/backend/cpu/work_shares.h"

#include <algorithm>
#include <utility>

namespace inlay::backend::cpu {
namespace {

constexpr int kItemBits = 24;
constexpr int64_t kItemMask = (int64_t{1} << kItemBits) - 1;
constexpr uint32_t kLoopMask = (1 << 16) - 1;
// Longer loops go in units of several items.
constexpr int64_t kMaxUnits = kItemMask;

uint64_t Join(uint32_t loop, Range range) {
  return uint64_t{loop} << (2 * kItemBits) |
         static_cast<uint64_t>(range.begin) << kItemBits |
         static_cast<uint64_t>(range.end);
}

}  // namespace

// Relaxed: only the numbers themselves are shared; barriers order the work.
Range WorkShares::TakeFrom(int owner, End end, uint32_t loop, int64_t units) {
  const int threads = static_cast<int>(parts_.size());
  std::atomic<uint64_t>& cell = At(owner).left;
  uint64_t seen = cell.load(std::memory_order_relaxed);
  while (true) {
    Range left = {static_cast<int64_t>(seen >> kItemBits) & kItemMask,
                  static_cast<int64_t>(seen) & kItemMask};
    if (seen >> (2 * kItemBits) != loop) {
      left = SplitRange(units, 1, owner, threads);
    }
    const int64_t count = left.end - left.begin;
    if (count == 0 && seen >> (2 * kItemBits) == loop) return left;
    // Half, so that a part of n items goes in about log n pieces.
    const int64_t size = (count + 1) / 2;
    Range piece = left;
    if (end == End::kFront) {
      piece.end = left.begin += size;
    } else {
      piece.begin = left.end -= size;
    }
    if (cell.compare_exchange_weak(seen, Join(loop, left),
                                   std::memory_order_relaxed)) {
      return piece;
    }
  }
}

Range WorkShares::Take(int thread, int64_t items) {
  const int threads = static_cast<int>(parts_.size());
  if (threads == 1) {
    // The first call takes all.
    return std::exchange(At(0).loop, 0) != 0 ? Range{0, items} : Range{0, 0};
  }
  const int64_t unit = items / kMaxUnits + 1;
  const int64_t units = (items + unit - 1) / unit;
  const uint32_t loop = At(thread).loop & kLoopMask;
  Range piece = TakeFrom(thread, End::kFront, loop, units);
  for (int i = 1; i < threads && piece.begin == piece.end; ++i) {
    piece = TakeFrom((thread + i) % threads, End::kBack, loop, units);
  }
  return {std::min(piece.begin * unit, items),
          std::min(piece.end * unit, items)};
}

}  // namespace inlay::backend::cpu
