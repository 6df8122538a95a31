#include "cpp/sampling/block_maxima.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>

#include "cpp/sampling/lanes.h"

namespace inlay::sampling {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kFinite = std::numeric_limits<float>::max();
constexpr size_t kMaximumChains = 4;
// Groups of a block whose maxima bound a count too large for those of blocks.
constexpr size_t kGroups = 8;

// Of a whole block; clears lanes of `good` that saw a NaN or +inf. Four chains
// of maxima, because each waits for the one before.
float BlockMaximum(const float* block, Mask4* good) {
  const Float4 finite = AllOf(kFinite);
  std::array<Float4, kMaximumChains> chains;
  chains.fill(AllOf(kNothing));
  for (size_t i = 0; i < kBlock; i += 4 * kMaximumChains) {
    for (size_t chain = 0; chain < kMaximumChains; ++chain) {
      const Float4 x = Load4(block + i + 4 * chain);
      *good &= x <= finite;
      chains[chain] = Larger(x, chains[chain]);
    }
  }
  return Maximum(
      Larger(Larger(chains[0], chains[1]), Larger(chains[2], chains[3])));
}

float MaximumOf(std::span<const float> block, Mask4* good) {
  if (block.size() == kBlock) return BlockMaximum(block.data(), good);
  float largest = kNothing;
  for (const float x : block) {
    largest = Larger(x, largest);
    if (!(x <= kFinite)) *good = Mask4{};
  }
  return largest;
}

std::span<const float> BlockOf(std::span<const float> row, size_t index) {
  const size_t begin = index * kBlock;
  return row.subspan(begin, std::min(kBlock, row.size() - begin));
}

void GroupMaxima(const float* block, float* out) {
  Float4 low = Load4(block);
  Float4 high = Load4(block + 4);
  for (size_t i = kGroups; i < kBlock; i += kGroups) {
    low = Larger(Load4(block + i), low);
    high = Larger(Load4(block + i + 4), high);
  }
  std::memcpy(out, &low, sizeof(low));
  std::memcpy(out + 4, &high, sizeof(high));
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
  Mask4 good = {-1, -1, -1, -1};
  largest_.value = kNothing;
  for (size_t i = 0; i < maxima_.size(); ++i) {
    if (stale_[i] != 0) {
      maxima_[i] = MaximumOf(BlockOf(row, i), &good);
      stale_[i] = 0;
    }
    largest_.value = Larger(maxima_[i], largest_.value);
  }
  return (good[0] & good[1] & good[2] & good[3]) != 0;
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
