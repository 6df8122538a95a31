#include "cpp/sampling/row.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "cpp/sampling/sampler.h"
#include "kernels/common/exp.h"

namespace inlay::sampling {
namespace {

constexpr size_t kSumBlock = 1024;
constexpr size_t kLanes = 16;

// Sixteen running sums: one chain of additions would wait for each.
double SumOf(std::span<const float> values) {
  std::array<double, kLanes> sums = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      sums[lane] += static_cast<double>(values[i + lane]);
    }
  }
  for (; i < values.size(); ++i) sums[0] += static_cast<double>(values[i]);
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return sum;
}

}  // namespace

void ExpRow(std::span<const float> row, float largest, float temperature,
            float* __restrict out) {
  const float* __restrict in = row.data();
  const size_t size = row.size();
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
