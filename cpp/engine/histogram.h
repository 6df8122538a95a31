// Counts of values in fixed ranges.
#ifndef INLAY_ENGINE_HISTOGRAM_H_
#define INLAY_ENGINE_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace inlay::engine {

// Upper bounds first * 2^i, the last range open: 0.5 ms to about 17 minutes
// for times. Allocates nothing. One thread at a time.
class Histogram {
 public:
  static constexpr size_t kBuckets = 22;  // beside the open one

  explicit Histogram(double first) : first_(first) {}
  void Add(double value) {
    double bound = first_;
    size_t bucket = 0;
    for (; bucket < kBuckets && value > bound; ++bucket) bound *= 2;
    ++counts_[bucket];
    ++count_;
    sum_ += value;
  }
  double first() const { return first_; }
  const std::array<uint64_t, kBuckets + 1>& counts() const { return counts_; }
  uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  double first_;
  std::array<uint64_t, kBuckets + 1> counts_ = {};
  uint64_t count_ = 0;
  double sum_ = 0;
};

// Times in seconds.
struct EngineHistograms {
  Histogram queued{0.0005};       // submit to first step
  Histogram first_token{0.0005};  // submit to first token
  Histogram per_token{0.0005};    // after the first token, mean of a request
  Histogram total{0.0005};        // submit to end
  Histogram step{0.0005};         // one step
  Histogram step_rows{1};         // rows of one step
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_HISTOGRAM_H_
