// A fixed set of compute threads that run one parallel region at a time.
//
// Workers spin briefly after a region (so that back-to-back operations of a
// step start within about a microsecond) and then sleep. A context has one
// pool; its engines share it, and regions of different engines take turns.
#ifndef INLAY_BASE_THREAD_POOL_H_
#define INLAY_BASE_THREAD_POOL_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "cpp/base/status.h"

namespace inlay {

struct ThreadPoolOptions {
  // 0: physical cores this process may use (affinity and cgroup quota).
  int thread_count = 0;
  // How long a worker spins before it sleeps.
  int64_t spin_ns = 50'000;
};

class ThreadPool {
 public:
  // The calling thread of Run is thread 0, so thread_count-1 workers start.
  // kResourceExhausted if the system refuses a thread.
  static StatusOr<std::unique_ptr<ThreadPool>> Create(ThreadPoolOptions);
  virtual ~ThreadPool() = default;

  virtual int thread_count() const = 0;

  // Runs body(thread, thread_count) on every thread and returns when all are
  // done. Any thread may call; concurrent calls queue. `body` must not throw
  // and must not call Run. Inside a region workers have the default MXCSR
  // (round to nearest, denormals kept); the caller's is saved and restored.
  virtual void Run(absl::FunctionRef<void(int thread, int threads)> body) = 0;

  // Inside a region only: waits until all threads of the region arrive.
  virtual void Barrier() = 0;
};

// The number of threads `thread_count = 0` stands for. Pure look-up, no state.
int DefaultThreadCount();

// [begin, end) of part `index` of `parts` over `count` items in units of
// `grain`; parts differ by at most one grain.
struct Range {
  int64_t begin;
  int64_t end;
};
Range SplitRange(int64_t count, int64_t grain, int index, int parts);

}  // namespace inlay

#endif  // INLAY_BASE_THREAD_POOL_H_
