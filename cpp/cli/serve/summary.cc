#include "cpp/cli/serve/summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace inlay::cli {

double Percentile(const std::vector<double>& sorted, double p) {
  const double at = p / 100 * static_cast<double>(sorted.size() - 1);
  const double below = std::floor(at);
  const auto index = static_cast<size_t>(below);
  if (index + 1 >= sorted.size()) return sorted.back();
  const double step = sorted[index + 1] - sorted[index];
  return sorted[index] + (at - below) * step;
}

Summary Summarise(std::vector<double> values) {
  Summary out;
  out.count = values.size();
  if (values.empty()) return out;
  std::sort(values.begin(), values.end());
  out.mean = std::accumulate(values.begin(), values.end(), 0.0) /
             static_cast<double>(values.size());
  out.p50 = Percentile(values, 50);
  out.p90 = Percentile(values, 90);
  out.p95 = Percentile(values, 95);
  out.p99 = Percentile(values, 99);
  out.max = values.back();
  return out;
}

}  // namespace inlay::cli
