// What meeting costs the threads of a pool: a barrier, and a region that does
// nothing.
//
//   thread_bench
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>

#include "cpp/base/thread_pool.h"

namespace inlay {
namespace {

void RunBarriers(benchmark::State& state) {
  constexpr int64_t kBarriers = 1000;
  const auto pool =
      ThreadPool::Create({.thread_count = static_cast<int>(state.range(0))});
  if (!pool.ok()) return state.SkipWithError("no threads");
  for (auto _ : state) {
    (*pool)->Run([&pool](int, int) {
      for (int64_t i = 0; i < kBarriers; ++i) (*pool)->Barrier();
    });
  }
  state.counters["barrier"] = benchmark::Counter(
      static_cast<double>(state.iterations() * kBarriers),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void RunRegions(benchmark::State& state) {
  const auto pool =
      ThreadPool::Create({.thread_count = static_cast<int>(state.range(0))});
  if (!pool.ok()) return state.SkipWithError("no threads");
  for (auto _ : state) (*pool)->Run([](int, int) {});
}

BENCHMARK(RunBarriers)->Arg(1)->Arg(2)->Arg(4)->UseRealTime();
BENCHMARK(RunRegions)->Arg(1)->Arg(2)->Arg(4)->UseRealTime();

}  // namespace
}  // namespace inlay

BENCHMARK_MAIN();
