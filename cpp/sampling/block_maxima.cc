#include "cpp/sampling/block_maxima.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

namespace inlay::sampling {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kFinite = std::numeric_limits<float>::max();
constexpr size_t kLanes = 16;
// Groups of a block whose maxima bound a count too large for those of blocks.
constexpr size_t kGroups = 8;

float Larger(float a, float b) { return a > b ? a : b; }

// Of a whole block; adds to `bad` where a logit is not finite or -inf. Fixed
// sizes throughout, so that the compiler makes vectors of the lanes.
float BlockMaximum(const float* block, std::array<uint32_t, kLanes>* bad) {
  std::array<float, kLanes> lanes;
  lanes.fill(kNothing);
  for (size_t i = 0; i < kBlock; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float x = block[i + lane];
      lanes[lane] = Larger(x, lanes[lane]);
      (*bad)[lane] |= x <= kFinite ? 0u : 1u;
    }
  }
  for (size_t width = kLanes / 2; width > 0; width /= 2) {
    for (size_t lane = 0; lane < width; ++lane) {
      lanes[lane] = Larger(lanes[lane], lanes[lane + width]);
    }
  }
  return lanes[0];
}

float Maximum(std::span<const float> block, std::array<uint32_t, kLanes>* bad) {
  if (block.size() == kBlock) return BlockMaximum(block.data(), bad);
  float largest = kNothing;
  for (const float x : block) {
    largest = Larger(x, largest);
    (*bad)[0] |= x <= kFinite ? 0u : 1u;
  }
  return largest;
}

std::span<const float> BlockOf(std::span<const float> row, size_t index) {
  const size_t begin = index * kBlock;
  return row.subspan(begin, std::min(kBlock, row.size() - begin));
}

void GroupMaxima(const float* block, float* out) {
  for (size_t lane = 0; lane < kGroups; ++lane) out[lane] = block[lane];
  for (size_t i = kGroups; i < kBlock; i += kGroups) {
    for (size_t lane = 0; lane < kGroups; ++lane) {
      out[lane] = Larger(block[i + lane], out[lane]);
    }
  }
}

}  // namespace

BlockMaxima::BlockMaxima(size_t row_size)
    : maxima_((row_size + kBlock - 1) / kBlock), stale_(maxima_.size()) {}

void BlockMaxima::Scan(std::span<const float> row) {
  std::fill(stale_.begin(), stale_.end(), uint8_t{1});
  largest_.valid = Update(row);
}

void BlockMaxima::Refresh(std::span<const float> row) { Update(row); }

bool BlockMaxima::Update(std::span<const float> row) {
  std::array<uint32_t, kLanes> bad = {};
  largest_.value = kNothing;
  for (size_t i = 0; i < maxima_.size(); ++i) {
    if (stale_[i] != 0) {
      maxima_[i] = Maximum(BlockOf(row, i), &bad);
      stale_[i] = 0;
    }
    largest_.value = Larger(maxima_[i], largest_.value);
  }
  return std::all_of(bad.begin(), bad.end(),
                     [](uint32_t lane) { return lane == 0; });
}

int32_t BlockMaxima::FirstOfLargest(std::span<const float> row) const {
  const size_t index = static_cast<size_t>(
      std::find(maxima_.begin(), maxima_.end(), largest_.value) -
      maxima_.begin());
  const std::span<const float> block = BlockOf(row, index);
  return static_cast<int32_t>(
      index * kBlock + static_cast<size_t>(std::find(block.begin(), block.end(),
                                                     largest_.value) -
                                           block.begin()));
}

// A value that at least `count` logits reach: disjoint parts of the row have
// maxima, of which `count` reach the smallest of the `count` largest.
float BlockMaxima::LowerBound(std::span<const float> row, size_t count) {
  const size_t full = row.size() / kBlock;
  if (count * 2 <= maxima_.size()) {
    scratch_.assign(maxima_.begin(), maxima_.end());
  } else if (count * 2 <= full * kGroups) {
    scratch_.resize(full * kGroups);
    for (size_t i = 0; i < full; ++i) {
      GroupMaxima(row.data() + i * kBlock, scratch_.data() + i * kGroups);
    }
  } else {
    return kNothing;
  }
  const auto nth = scratch_.begin() + static_cast<ptrdiff_t>(count) - 1;
  std::nth_element(scratch_.begin(), nth, scratch_.end(), std::greater<>());
  return *nth;
}

void BlockMaxima::SelectLargest(std::span<const float> row, size_t count,
                                std::vector<Candidate>* out) {
  out->clear();
  count = std::min(count, row.size());
  if (count == 0) return;
  const float bound = LowerBound(row, count);
  for (size_t i = 0; i < maxima_.size(); ++i) {
    if (maxima_[i] < bound) continue;
    int32_t token = static_cast<int32_t>(i * kBlock);
    for (const float value : BlockOf(row, i)) {
      if (value >= bound) out->push_back({token, value, 0, 0});
      ++token;
    }
  }
  if (count < out->size()) {
    const auto end = out->begin() + static_cast<ptrdiff_t>(count);
    std::nth_element(out->begin(), end, out->end(), Precedes);
    out->resize(count);
  }
  std::sort(out->begin(), out->end(), Precedes);
}

}  // namespace inlay::sampling
