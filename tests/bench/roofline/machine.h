// What the operating system says of this machine.
#ifndef INLAY_TESTS_BENCH_ROOFLINE_MACHINE_H_
#define INLAY_TESTS_BENCH_ROOFLINE_MACHINE_H_

#include <cstddef>
#include <string>

namespace inlay::roofline {

std::string ProcessorName();
size_t LastLevelCacheBytes();
size_t MemoryBytes();

}  // namespace inlay::roofline

#endif  // INLAY_TESTS_BENCH_ROOFLINE_MACHINE_H_
