// What a host sets up first: allocator and budget, log, compute threads.
#ifndef INLAY_ENGINE_CONTEXT_H_
#define INLAY_ENGINE_CONTEXT_H_

#include <atomic>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "cpp/backend/backend.h"
#include "cpp/base/log.h"
#include "cpp/base/memory.h"
#include "cpp/base/status.h"
#include "cpp/base/thread_pool.h"

namespace inlay::model {
class Registered;
}

namespace inlay::engine {

struct ContextOptions {
  std::shared_ptr<Allocator> allocator;  // null: built in
  uint64_t memory_budget_bytes = 0;      // 0: unlimited
  Log log;
  int thread_count = 0;  // 0: physical cores available
  // Empty: those of this build.
  std::vector<std::shared_ptr<backend::Backend>> backends;
};

// A thread, and whether it has done all it had to do.
struct EndingThread {
  std::thread thread;
  std::shared_ptr<const std::atomic<bool>> done;
};

// Shared by models and engines, which keep it alive. But for architectures that
// are added, immutable after creation. Any thread.
// Threads start with the first weights or engine that needs them.
class Context {
 public:
  static StatusOr<std::shared_ptr<Context>> Create(ContextOptions options);
  const Log& log() const { return log_; }
  const std::shared_ptr<MemoryPool>& memory() const { return memory_; }
  StatusOr<ThreadPool*> threads();
  int thread_count() const;
  // Known devices, usable or not; index 0 is the processor.
  const std::vector<backend::DeviceInfo>& devices() const { return devices_; }
  // "auto" and "" mean the best usable one; a named one is never replaced.
  // kNotFound lists the names; kFailedPrecondition gives the reason.
  StatusOr<backend::Backend*> FindBackend(std::string_view device);

  // For models that are opened from here on; see model::Registered::Add.
  Status AddArchitecture(std::string_view text, bool replace);
  // Null: none were added.
  std::shared_ptr<const model::Registered> architectures() const;

  // Takes a thread that is about to end but that nobody can join yet. The
  // context joins it before it is gone, so that no thread outlives it; those
  // that have ended by then are joined with the next one that comes.
  void JoinLater(EndingThread thread);

 private:
  Context() = default;
  struct State;
  Log log_;
  std::shared_ptr<MemoryPool> memory_;
  std::vector<backend::DeviceInfo> devices_;
  std::shared_ptr<State> state_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_CONTEXT_H_
