#include "cpp/base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp/base/fp_mode.h"
#include "cpp/base/os_limits.h"
#include "cpp/base/os_thread.h"

namespace inlay {
namespace {

constexpr int kMaxThreads = 1024;
constexpr size_t kCacheLine = 64;

// Lets threads wait for a condition over atomics: first by spinning, which
// costs a fraction of a microsecond when the others are about to arrive, then
// asleep. Whoever makes the condition true calls Notify afterwards.
class SpinThenSleep {
 public:
  explicit SpinThenSleep(int64_t spin_ns) : spin_ns_(spin_ns) {}

  template <typename Condition>
  void Wait(const Condition& condition) {
    if (Spin(condition)) return;
    std::unique_lock<std::mutex> lock(mutex_);
    // Sequentially consistent, as are the condition's loads and the stores
    // before Notify: either Notify sees this sleeper or the sleeper sees the
    // condition.
    sleepers_.fetch_add(1);
    while (!condition()) wake_.wait(lock);
    sleepers_.fetch_sub(1);
  }

  void Notify() {
    if (sleepers_.load() == 0) return;
    { std::lock_guard<std::mutex> lock(mutex_); }
    wake_.notify_all();
  }

 private:
  template <typename Condition>
  bool Spin(const Condition& condition) const {
    using Clock = std::chrono::steady_clock;
    std::optional<Clock::time_point> start;
    while (true) {
      for (int i = 0; i < 64; ++i) {
        if (condition()) return true;
        SpinPause();
      }
      const Clock::time_point now = Clock::now();
      if (!start) start = now;
      if (now - *start >= std::chrono::nanoseconds(spin_ns_)) return false;
    }
  }

  const int64_t spin_ns_;
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable wake_;
};

class Pool final : public ThreadPool {
 public:
  Pool(int thread_count, int64_t spin_ns)
      : thread_count_(thread_count),
        start_wait_(spin_ns),
        done_wait_(spin_ns),
        barrier_wait_(spin_ns) {}

  ~Pool() override {
    stop_.store(true);
    region_.fetch_add(1);
    start_wait_.Notify();
    for (std::thread& worker : workers_) worker.join();
  }

  Status Start() {
    // Space first: once a thread runs, nothing may fail but the next thread.
    workers_.reserve(static_cast<size_t>(thread_count_ - 1));
    const ScopedSignalBlock no_signals;
    for (int i = 1; i < thread_count_; ++i) {
      try {
        workers_.emplace_back([this, i] { Work(i); });
      } catch (const std::system_error& error) {
        return absl::ResourceExhaustedError(
            absl::StrCat("the system refused compute thread ", i, " of ",
                         thread_count_, ": ", error.what()));
      }
    }
    return OkStatus();
  }

  int thread_count() const override { return thread_count_; }

  void Run(absl::FunctionRef<void(int, int)> body) override {
    const std::lock_guard<std::mutex> turn(turn_);
    const ScopedDefaultFpMode fp_mode;
    if (thread_count_ == 1) {
      body(0, 1);
      return;
    }
    body_ = &body;
    pending_.store(thread_count_ - 1);
    region_.fetch_add(1);
    start_wait_.Notify();
    body(0, thread_count_);
    done_wait_.Wait([this] { return pending_.load() == 0; });
    body_ = nullptr;
  }

  void Barrier() override {
    if (thread_count_ == 1) return;
    const uint32_t phase = phase_.load();
    if (arrived_.fetch_add(1) + 1 == thread_count_) {
      arrived_.store(0);
      phase_.store(phase + 1);
      barrier_wait_.Notify();
    } else {
      barrier_wait_.Wait([this, phase] { return phase_.load() != phase; });
    }
  }

 private:
  void Work(int index) {
    SetThreadName(index < 100 ? "inlay-compute" : "inlay-compute+");
    const ScopedDefaultFpMode fp_mode;
    for (uint32_t seen = 0;;) {
      start_wait_.Wait([this, seen] { return region_.load() != seen; });
      seen = region_.load();
      if (stop_.load()) return;
      (*body_)(index, thread_count_);
      if (pending_.fetch_sub(1) == 1) done_wait_.Notify();
    }
  }

  const int thread_count_;
  std::mutex turn_;  // one region at a time
  absl::FunctionRef<void(int, int)>* body_ = nullptr;
  std::atomic<bool> stop_{false};
  alignas(kCacheLine) std::atomic<uint32_t> region_{0};
  alignas(kCacheLine) std::atomic<int> pending_{0};
  alignas(kCacheLine) std::atomic<int> arrived_{0};
  alignas(kCacheLine) std::atomic<uint32_t> phase_{0};
  SpinThenSleep start_wait_;
  SpinThenSleep done_wait_;
  SpinThenSleep barrier_wait_;
  std::vector<std::thread> workers_;
};

}  // namespace

StatusOr<std::unique_ptr<ThreadPool>> ThreadPool::Create(
    ThreadPoolOptions options) {
  const int count =
      options.thread_count == 0 ? DefaultThreadCount() : options.thread_count;
  if (count < 1 || count > kMaxThreads) {
    return absl::InvalidArgumentError(absl::StrCat(
        "thread_count is ", count, "; it must be 0 to ", kMaxThreads));
  }
  auto pool =
      std::make_unique<Pool>(count, std::max<int64_t>(options.spin_ns, 0));
  INLAY_RETURN_IF_ERROR(pool->Start());
  return std::unique_ptr<ThreadPool>(std::move(pool));
}

int DefaultThreadCount() {
  int count = CountPhysicalCores(AllowedProcessors());
  if (count == 0) {
    count = static_cast<int>(std::thread::hardware_concurrency());
  }
  if (const int quota = CgroupProcessorQuota(); quota > 0) {
    count = std::min(count, quota);
  }
  return std::clamp(count, 1, kMaxThreads);
}

Range SplitRange(int64_t count, int64_t grain, int index, int parts) {
  const int64_t units = grain > 0 ? (count + grain - 1) / grain : 0;
  const int64_t each = units / parts;
  const int64_t extra = units % parts;
  const int64_t begin = index * each + std::min<int64_t>(index, extra);
  const int64_t end = begin + each + (index < extra ? 1 : 0);
  return {std::min(begin * grain, count), std::min(end * grain, count)};
}

}  // namespace inlay
