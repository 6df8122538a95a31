// Threads that start together, each on a processor of its own.
#ifndef INLAY_TESTS_BENCH_ROOFLINE_PARALLEL_H_
#define INLAY_TESTS_BENCH_ROOFLINE_PARALLEL_H_

#include <functional>

namespace inlay::roofline {

// Processors that this process may use.
int UsableProcessors();

// Runs body(0) to body(threads - 1) at once, and returns the seconds from the
// first start to the last end.
double RunTogether(int threads, const std::function<void(int)>& body);

}  // namespace inlay::roofline

#endif  // INLAY_TESTS_BENCH_ROOFLINE_PARALLEL_H_
