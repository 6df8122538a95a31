// Mean and percentiles of a sample.
#ifndef INLAY_CLI_SERVE_SUMMARY_H_
#define INLAY_CLI_SERVE_SUMMARY_H_

#include <cstddef>
#include <vector>

namespace inlay::cli {

// The p-th percentile, p in [0, 100], of an ascending, non-empty sample:
// linear between the order statistics (Hyndman and Fan 1996, definition 7).
double Percentile(const std::vector<double>& sorted, double p);

struct Summary {
  size_t count = 0;  // 0: the rest means nothing
  double mean = 0;
  double p50 = 0;
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
};

Summary Summarise(std::vector<double> values);

}  // namespace inlay::cli

#endif  // INLAY_CLI_SERVE_SUMMARY_H_
