#include "cpp/sampling/row.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "cpp/sampling/lanes.h"
#include "cpp/sampling/sampler.h"
#include "kernels/common/exp.h"

namespace inlay::sampling {
namespace {

constexpr size_t kSumBlock = 1024;
constexpr size_t kSumChains = 8;

// Sixteen running sums: one chain of additions would wait for each.
double SumOf(std::span<const float> values) {
  std::array<Double2, kSumChains> sums = {};
  size_t i = 0;
  for (; i + 2 * kSumChains <= values.size(); i += 2 * kSumChains) {
    for (size_t chain = 0; chain < kSumChains; chain += 2) {
      const Float4 x = Load4(values.data() + i + 2 * chain);
      sums[chain] += LowDoubles(x);
      sums[chain + 1] += HighDoubles(x);
    }
  }
  for (; i < values.size(); ++i) {
    sums[0][0] += static_cast<double>(values[i]);
  }
  double sum = 0;
  for (const Double2& lanes : sums) sum = sum + lanes[0] + lanes[1];
  return sum;
}

}  // namespace

void ExpRow(std::span<const float> row, float largest, float temperature,
            float* __restrict out) {
  const float* __restrict in = row.data();
  const size_t size = row.size();
  if (temperature == 1.0f) {  // a third faster without the division
    for (size_t i = 0; i < size; ++i) {
      out[i] = kernels::ExpOfNonPositive(in[i] - largest);
    }
    return;
  }
  for (size_t i = 0; i < size; ++i) {
    out[i] = kernels::ExpOfNonPositive((in[i] - largest) / temperature);
  }
}

double LogSumExp(std::span<const float> row, float largest) {
  std::array<float, kSumBlock> powers;
  double sum = 0;
  for (size_t begin = 0; begin < row.size(); begin += kSumBlock) {
    const auto block =
        row.subspan(begin, std::min(kSumBlock, row.size() - begin));
    ExpRow(block, largest, 1.0f, powers.data());
    sum += SumOf(std::span(powers).first(block.size()));
  }
  return static_cast<double>(largest) + std::log(sum);
}

void LogSoftmax(std::span<const float> logits, std::span<float> out) {
  if (logits.empty()) return;
  const double divisor =
      LogSumExp(logits, *std::max_element(logits.begin(), logits.end()));
  for (size_t i = 0; i < logits.size(); ++i) {
    out[i] = static_cast<float>(static_cast<double>(logits[i]) - divisor);
  }
}

}  // namespace inlay::sampling
