#include "cpp/sampling/weights.h"

#include <algorithm>
#include <array>

#include "cpp/sampling/lanes.h"
#include "cpp/sampling/row.h"

namespace inlay::sampling {
namespace {

constexpr size_t kChains = 4;
// Below this the exponential is 0.
constexpr float kLowest = -87.0f;

struct Summary {
  double sum;
  float largest;
};

Summary Summarise(const float* weights, size_t size) {
  std::array<Float4, kChains> sums = {};
  std::array<Float4, kChains> largest = {};
  size_t i = 0;
  for (; i + 4 * kChains <= size; i += 4 * kChains) {
    for (size_t chain = 0; chain < kChains; ++chain) {
      const Float4 w = Load4(weights + i + 4 * chain);
      sums[chain] += w;
      largest[chain] = Larger(w, largest[chain]);
    }
  }
  Summary result = {0, 0};
  for (size_t chain = 0; chain < kChains; ++chain) {
    const Double2 sum = LowDoubles(sums[chain]) + HighDoubles(sums[chain]);
    result.sum += sum[0] + sum[1];
    result.largest = Larger(Maximum(largest[chain]), result.largest);
  }
  for (; i < size; ++i) {
    result.sum += static_cast<double>(weights[i]);
    result.largest = Larger(weights[i], result.largest);
  }
  return result;
}

}  // namespace

void RowWeights::Weigh(std::span<const float> logits, const BlockMaxima& maxima,
                       float temperature) {
  const size_t blocks = (logits.size() + kBlock - 1) / kBlock;
  weights_.resize(logits.size());
  sums_.resize(blocks);
  largest_.resize(blocks);
  total_ = 0;
  const float largest = maxima.largest().value;
  for (size_t i = 0; i < blocks; ++i) {
    const size_t begin = i * kBlock;
    const size_t size = std::min(kBlock, logits.size() - begin);
    float* weights = weights_.data() + begin;
    if ((maxima.block(i) - largest) / temperature < kLowest) {
      std::fill_n(weights, size, 0.0f);
      sums_[i] = 0;
      largest_[i] = 0;
      continue;
    }
    ExpRow(logits.subspan(begin, size), largest, temperature, weights);
    const Summary summary = Summarise(weights, size);
    sums_[i] = summary.sum;
    largest_[i] = summary.largest;
    total_ += summary.sum;
  }
}

void RowWeights::Collect(std::span<const float> logits,
                         const BlockMaxima& maxima, float temperature,
                         float least, std::vector<Candidate>* out) const {
  out->clear();
  const float largest = maxima.largest().value;
  for (size_t block = 0; block < largest_.size(); ++block) {
    if (largest_[block] == 0 || largest_[block] < least) continue;
    const size_t end = std::min((block + 1) * kBlock, logits.size());
    for (size_t i = block * kBlock; i < end; ++i) {
      if (weights_[i] == 0 || weights_[i] < least) continue;
      out->push_back({static_cast<int32_t>(i), logits[i],
                      (logits[i] - largest) / temperature, weights_[i]});
    }
  }
}

int32_t RowWeights::Draw(double uniform) const {
  const double target = uniform * total_;
  double mass = 0;
  size_t chosen = 0;
  for (size_t block = 0; block < sums_.size(); ++block) {
    if (sums_[block] == 0) continue;
    chosen = block;
    if (mass + sums_[block] > target) break;
    mass += sums_[block];
  }
  const size_t end = std::min((chosen + 1) * kBlock, weights_.size());
  size_t token = chosen * kBlock;
  for (size_t i = token; i < end; ++i) {
    if (weights_[i] == 0) continue;
    mass += static_cast<double>(weights_[i]);
    token = i;
    if (mass > target) break;
  }
  return static_cast<int32_t>(token);
}

}  // namespace inlay::sampling
