// How fast threads together read memory that no cache holds.
#ifndef INLAY_TESTS_BENCH_ROOFLINE_BANDWIDTH_H_
#define INLAY_TESTS_BENCH_ROOFLINE_BANDWIDTH_H_

#include <cstddef>
#include <string>
#include <vector>

namespace inlay::roofline {

struct Bandwidth {
  int threads = 0;
  double gb_per_s = 0;
  std::string how;  // the best way of reading
};

// Best of `rounds` for each number of threads; every way of reading takes its
// turn in every round.
std::vector<Bandwidth> MeasureBandwidth(const std::vector<int>& threads,
                                        int rounds);
size_t BandwidthBufferBytes();

}  // namespace inlay::roofline

#endif  // INLAY_TESTS_BENCH_ROOFLINE_BANDWIDTH_H_
