#include "cpp/engine/context.h"

#include <new>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cpp/base/mutex.h"
#include "cpp/engine/assembly.h"
#include "cpp/model/registered.h"

namespace inlay::engine {
namespace {

constexpr int kMaxThreads = 1024;

}  // namespace

struct Context::State {
  ~State();

  int thread_count = 0;
  std::vector<std::shared_ptr<backend::Backend>> backends;
  Mutex mutex;
  std::unique_ptr<ThreadPool> threads INLAY_GUARDED_BY(mutex);
  std::vector<EndingThread> ending INLAY_GUARDED_BY(mutex);
  std::shared_ptr<const model::Registered> architectures
      INLAY_GUARDED_BY(mutex);
};

Context::State::~State() {
  for (auto& [thread, done] : ending) {
    // The last reference to the context may have been dropped on such a
    // thread itself; it is on its way out and touches nothing any more.
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

StatusOr<std::shared_ptr<Context>> Context::Create(ContextOptions options) {
  if (options.thread_count < 0 || options.thread_count > kMaxThreads) {
    return absl::InvalidArgumentError(
        absl::StrCat("thread_count is ", options.thread_count,
                     "; it must be in [0, ", kMaxThreads, "]"));
  }
  std::shared_ptr<Context> context(new Context());
  context->log_ = std::move(options.log);
  context->memory_ = MemoryPool::Create(std::move(options.allocator),
                                        options.memory_budget_bytes);
  context->state_ = std::make_shared<State>();
  State& state = *context->state_;
  state.thread_count =
      options.thread_count > 0 ? options.thread_count : DefaultThreadCount();
  state.backends = options.backends.empty() ? BuiltInBackends()
                                            : std::move(options.backends);
  for (const auto& backend : state.backends) {
    context->devices_.push_back(backend->info());
  }
  return context;
}

int Context::thread_count() const { return state_->thread_count; }

StatusOr<ThreadPool*> Context::threads() {
  MutexLock lock(state_->mutex);
  if (state_->threads == nullptr) {
    ThreadPoolOptions options;
    options.thread_count = state_->thread_count;
    INLAY_ASSIGN_OR_RETURN(state_->threads, ThreadPool::Create(options));
  }
  return state_->threads.get();
}

StatusOr<backend::Backend*> Context::FindBackend(std::string_view device) {
  const bool any = device.empty() || device == "auto";
  std::vector<std::string> names;
  backend::Backend* best = nullptr;
  for (const auto& backend : state_->backends) {
    const backend::DeviceInfo& info = backend->info();
    names.push_back(info.name);
    if (any) {
      // The processor comes first; what follows it is faster.
      if (info.usable) best = backend.get();
    } else if (info.name == device) {
      if (info.usable) return backend.get();
      return absl::FailedPreconditionError(
          absl::StrCat("device \"", device, "\" is unusable: ", info.reason));
    }
  }
  if (best != nullptr) return best;
  return absl::NotFoundError(
      absl::StrCat(any ? std::string("no usable device")
                       : absl::StrCat("no device \"", device, "\""),
                   "; known: ", absl::StrJoin(names, ", ")));
}

Status Context::AddArchitecture(std::string_view text, bool replace) {
  MutexLock lock(state_->mutex);
  INLAY_ASSIGN_OR_RETURN(
      state_->architectures,
      model::Registered::Add(state_->architectures, text, replace));
  return OkStatus();
}

std::shared_ptr<const model::Registered> Context::architectures() const {
  MutexLock lock(state_->mutex);
  return state_->architectures;
}

void Context::JoinLater(EndingThread thread) {
  if (!thread.thread.joinable()) return;
  MutexLock lock(state_->mutex);
  std::erase_if(state_->ending, [](EndingThread& ending) {
    if (!ending.done->load()) return false;
    ending.thread.join();
    return true;
  });
  try {
    state_->ending.push_back(std::move(thread));
  } catch (const std::bad_alloc&) {
    // Called by a destructor. The thread holds all that it still uses.
    thread.thread.detach();
  }
}

}  // namespace inlay::engine
