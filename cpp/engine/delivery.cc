#include "cpp/engine/delivery.h"

#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/os_thread.h"

namespace inlay::engine {
namespace {

constexpr size_t kBatch = 256;

}  // namespace

struct Delivery::Shared {
  std::shared_ptr<EventQueue> events;
  std::shared_ptr<WorkSignal> signal;
  Callback callback;
  Log log;
  std::atomic<std::thread::id> thread{};
  std::atomic<bool> abandoned{false};
  // Outlives this: set once the thread holds nothing any more.
  std::shared_ptr<std::atomic<bool>> done =
      std::make_shared<std::atomic<bool>>(false);
  // Holds a whole batch from the start: taking events allocates no slots.
  std::vector<Event> batch;
};

StatusOr<std::unique_ptr<Delivery>> Delivery::Start(
    std::shared_ptr<EventQueue> events, std::shared_ptr<WorkSignal> signal,
    Callback callback, Log log) {
  std::unique_ptr<Delivery> delivery(new Delivery());
  delivery->shared_ = std::make_shared<Shared>();
  Shared& shared = *delivery->shared_;
  shared.events = std::move(events);
  shared.signal = std::move(signal);
  shared.callback = std::move(callback);
  shared.log = std::move(log);
  shared.batch.reserve(kBatch);
  try {
    const ScopedSignalBlock no_signals;  // the host's handlers stay its own
    delivery->thread_ = std::thread([shared = delivery->shared_]() mutable {
      const auto done = shared->done;
      Main(shared);
      shared.reset();
      done->store(true);
    });
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no thread for events: ", error.what()));
  }
  return delivery;
}

Delivery::~Delivery() {
  if (!thread_.joinable()) return;
  shared_->events->EndOfEvents();
  thread_.join();
}

bool Delivery::OnThisThread() const {
  return shared_->thread.load() == std::this_thread::get_id();
}

void Delivery::Join() {
  if (thread_.joinable()) thread_.join();
  // The system may give the same id to another thread now.
  shared_->thread.store(std::thread::id());
}

EndingThread Delivery::Abandon() {
  shared_->abandoned.store(true);
  shared_->events->EndOfEvents();
  return {std::move(thread_), shared_->done};
}

void Delivery::Main(const std::shared_ptr<Shared>& shared) noexcept {
  shared->thread.store(std::this_thread::get_id());
  EventQueue& events = *shared->events;
  while (!shared->abandoned.load() && !events.AtEnd()) {
    events.Wait(-1);
    shared->batch.clear();
    if (events.Take(kBatch, &shared->batch)) shared->signal->Notify();
    if (shared->batch.empty()) continue;
    try {
      shared->callback(shared->batch);
    } catch (...) {
      shared->log.Write(LogLevel::kError, "an event callback threw");
    }
  }
}

}  // namespace inlay::engine
