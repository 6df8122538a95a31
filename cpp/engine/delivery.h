// The delivery thread of push mode.
#ifndef INLAY_ENGINE_DELIVERY_H_
#define INLAY_ENGINE_DELIVERY_H_

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "cpp/base/log.h"
#include "cpp/base/status.h"
#include "cpp/engine/context.h"
#include "cpp/engine/event_queue.h"
#include "cpp/engine/work_signal.h"

namespace inlay::engine {

// Calls the host with every batch of events until the queue is at its end. The
// thread holds what it needs by itself, so that a callback may release the
// engine.
class Delivery {
 public:
  using Callback = std::function<void(const std::vector<Event>&)>;

  // kResourceExhausted if the system refuses a thread.
  static StatusOr<std::unique_ptr<Delivery>> Start(
      std::shared_ptr<EventQueue> events, std::shared_ptr<WorkSignal> signal,
      Callback callback, Log log);
  ~Delivery();

  // True on the delivery thread, which runs nothing but callbacks.
  bool OnThisThread() const;
  // Returns when all events are delivered; the queue is at its end or will be
  // soon. Not on the delivery thread.
  void Join();
  // No further callback starts; the thread ends soon. For an engine that is
  // released inside a callback, which cannot wait for itself.
  EndingThread Abandon();

 private:
  struct Shared;
  Delivery() = default;
  static void Main(const std::shared_ptr<Shared>& shared) noexcept;

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_DELIVERY_H_
