// How the step thread learns that there may be something to do.
#ifndef INLAY_ENGINE_WORK_SIGNAL_H_
#define INLAY_ENGINE_WORK_SIGNAL_H_

#include <cstdint>

#include "cpp/base/mutex.h"

namespace inlay::engine {

// An epoch that grows. Reading it before looking for work, and waiting for it
// to change after finding none, loses no wake-up. Thread-safe; shared, so that
// a delivery thread may notify after its engine is gone.
class WorkSignal {
 public:
  void Notify() INLAY_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      ++epoch_;
    }
    changed_.NotifyAll();
  }

  uint64_t epoch() INLAY_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return epoch_;
  }

  // Waits until the epoch is no longer `seen`, at most `timeout_ns` (< 0: for
  // ever). May return early.
  void Wait(uint64_t seen, int64_t timeout_ns) INLAY_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (epoch_ == seen) changed_.WaitFor(mutex_, timeout_ns);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  uint64_t epoch_ INLAY_GUARDED_BY(mutex_) = 0;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_WORK_SIGNAL_H_
