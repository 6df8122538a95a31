// std::mutex and std::condition_variable with Clang's thread annotations, so
// that a build with -Wthread-safety proves which lock guards what.
//
// Absl's locks are not used: they leave per-thread state behind that outlives
// an unloaded library.
#ifndef INLAY_BASE_MUTEX_H_
#define INLAY_BASE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#if defined(__clang__)
#define INLAY_THREAD_ANNOTATION_(x) __attribute__((x))
#else
#define INLAY_THREAD_ANNOTATION_(x)
#endif
#define INLAY_CAPABILITY(x) INLAY_THREAD_ANNOTATION_(capability(x))
#define INLAY_SCOPED_CAPABILITY INLAY_THREAD_ANNOTATION_(scoped_lockable)
#define INLAY_GUARDED_BY(x) INLAY_THREAD_ANNOTATION_(guarded_by(x))
#define INLAY_REQUIRES(...) \
  INLAY_THREAD_ANNOTATION_(requires_capability(__VA_ARGS__))
#define INLAY_EXCLUDES(...) \
  INLAY_THREAD_ANNOTATION_(locks_excluded(__VA_ARGS__))
#define INLAY_ACQUIRE(...) \
  INLAY_THREAD_ANNOTATION_(acquire_capability(__VA_ARGS__))
#define INLAY_RELEASE(...) \
  INLAY_THREAD_ANNOTATION_(release_capability(__VA_ARGS__))

namespace inlay {

class INLAY_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() INLAY_ACQUIRE() { mutex_.lock(); }
  void unlock() INLAY_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class INLAY_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) INLAY_ACQUIRE(mutex) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() INLAY_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  void Wait(Mutex& mutex) INLAY_REQUIRES(mutex) { WaitFor(mutex, -1); }

  // Waits at most `timeout_ns` (< 0: for ever); may wake early. The condition
  // is the caller's to check.
  void WaitFor(Mutex& mutex, int64_t timeout_ns) INLAY_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    if (timeout_ns < 0) {
      condition_.wait(lock);
    } else {
      // Longer waits come back early, which keeps the arithmetic of the
      // system's clock from overflowing.
      constexpr int64_t kLongest = 3'600'000'000'000;
      condition_.wait_for(
          lock, std::chrono::nanoseconds(timeout_ns < kLongest ? timeout_ns
                                                               : kLongest));
    }
    lock.release();
  }

  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace inlay

#endif  // INLAY_BASE_MUTEX_H_
