#include "cpp/sampling/row.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/common/exp.h"

namespace inlay::sampling {
namespace {

constexpr size_t kSumBlock = 1024;
constexpr size_t kLanes = 16;
// Up to this many are kept in a heap while the row is read once; more are cut
// out of a copy of the row.
constexpr size_t kHeapCount = 1024;

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

void SelectByHeap(std::span<const float> row, size_t count,
                  std::vector<Candidate>* out) {
  // A heap under Precedes has the last of its order at the front.
  for (size_t i = 0; i < row.size(); ++i) {
    const Candidate next = {static_cast<int32_t>(i), row[i], 0, 0};
    if (out->size() < count) {
      out->push_back(next);
      std::push_heap(out->begin(), out->end(), Precedes);
    } else if (next.value > out->front().value) {
      std::pop_heap(out->begin(), out->end(), Precedes);
      out->back() = next;
      std::push_heap(out->begin(), out->end(), Precedes);
    }
  }
  std::sort_heap(out->begin(), out->end(), Precedes);
}

}  // namespace

RowMaximum FindMaximum(std::span<const float> row) {
  std::array<float, kLanes> largest;
  largest.fill(-std::numeric_limits<float>::infinity());
  std::array<uint32_t, kLanes> bad = {};
  size_t i = 0;
  for (; i + kLanes <= row.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float x = row[i + lane];
      largest[lane] = x > largest[lane] ? x : largest[lane];
      bad[lane] |= x <= std::numeric_limits<float>::max() ? 0u : 1u;
    }
  }
  RowMaximum result = {-std::numeric_limits<float>::infinity(), true};
  for (size_t lane = 0; lane < kLanes; ++lane) {
    result.value = std::max(result.value, largest[lane]);
    result.valid = result.valid && bad[lane] == 0;
  }
  for (; i < row.size(); ++i) {
    result.value = std::max(result.value, row[i]);
    result.valid = result.valid && row[i] <= std::numeric_limits<float>::max();
  }
  return result;
}

int32_t FirstIndexOf(std::span<const float> row, float value) {
  return static_cast<int32_t>(std::find(row.begin(), row.end(), value) -
                              row.begin());
}

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

void SelectLargest(std::span<const float> row, size_t count,
                   std::vector<Candidate>* out) {
  out->clear();
  count = std::min(count, row.size());
  if (count == 0) return;
  if (count <= kHeapCount) {
    SelectByHeap(row, count, out);
    return;
  }
  for (size_t i = 0; i < row.size(); ++i) {
    out->push_back({static_cast<int32_t>(i), row[i], 0, 0});
  }
  if (count < out->size()) {
    std::nth_element(out->begin(), out->begin() + count, out->end(), Precedes);
    out->resize(count);
  }
  std::sort(out->begin(), out->end(), Precedes);
}

void LogSoftmax(std::span<const float> logits, std::span<float> out) {
  const RowMaximum maximum = FindMaximum(logits);
  const double divisor = LogSumExp(logits, maximum.value);
  for (size_t i = 0; i < logits.size(); ++i) {
    out[i] = static_cast<float>(static_cast<double>(logits[i]) - divisor);
  }
}

}  // namespace inlay::sampling
