#include "capi/src/event_hub.h"

#include <algorithm>
#include <utility>

#include "capi/src/registry.h"
#include "cpp/base/clock.h"

namespace inlay::capi {
namespace {

constexpr size_t kChunk = 32;  // events handed to a callback at once
constexpr int64_t kIdleStepNs = 1'000'000;

int64_t Left(int64_t start_ns, int64_t timeout_ns) {
  if (timeout_ns < 0) return -1;
  const int64_t spent = Clock::Monotonic().NowNs() - start_ns;
  return std::max<int64_t>(0, timeout_ns - spent);
}

}  // namespace

// Runs `body` without the lock, and takes it again whatever happens.
template <typename Body>
auto EventHub::Unlocked(Body&& body) {
  struct Relock {
    explicit Relock(Mutex& m) : mutex(m) { mutex.unlock(); }
    ~Relock() { mutex.lock(); }
    Mutex& mutex;
  } relock(mutex_);
  return body();
}

StatusOr<std::vector<engine::Event>> EventHub::Lead(engine::Engine& core,
                                                    size_t max,
                                                    int64_t timeout_ns) {
  struct Leading {
    explicit Leading(EventHub* h) : hub(h) { hub->leading_ = true; }
    ~Leading() {
      hub->leading_ = hub->poller_leads_ = false;
      hub->changed_.NotifyAll();
    }
    EventHub* hub;
  } leading(this);
  return Unlocked([&] { return core.Poll(max, timeout_ns); });
}

bool EventHub::GiveToGeneration(const engine::Event& event) {
  RequestRecord* record = RequestRecord::Of(event);
  if (record == nullptr || record->generation == nullptr) return false;
  record->generation->Append(event);
  return true;
}

bool EventHub::TakePending(size_t max, EventBatch* batch) {
  while (!pending_.empty() && batch->size() < max) {
    batch->Add(std::move(pending_.front()));
    pending_.pop_front();
  }
  return batch->size() != 0;
}

Outcome EventHub::Poll(engine::Engine& core, size_t max, int64_t timeout_ns,
                       EventBatch* batch) {
  const int64_t start = Clock::Monotonic().NowNs();
  MutexLock lock(mutex_);
  for (bool first = true;; first = false) {
    if (TakePending(max, batch)) return {};
    const bool woken = std::exchange(woken_, false);
    const int64_t left = woken ? 0 : Left(start, timeout_ns);
    if (left == 0 && !first && !woken) return {};
    if (leading_) {
      if (left == 0) return {};
      changed_.WaitFor(mutex_, left);
      continue;
    }
    poller_leads_ = true;
    auto events = Lead(core, max, left);
    if (!events.ok()) return std::move(events).status();
    const bool empty = events->empty();
    for (engine::Event& event : *events) {
      if (!GiveToGeneration(event)) batch->Add(std::move(event));
    }
    if (batch->size() != 0 || empty || woken) return {};
  }
}

void EventHub::Wake(engine::Engine& core) {
  MutexLock lock(mutex_);
  // A poll that waits behind a generate is not inside the core, and one that
  // comes later would find that a generate has consumed the core's wake.
  if (!poller_leads_) {
    woken_ = true;
    changed_.NotifyAll();
  }
  if (poller_leads_ || !leading_) core.Wake();
}

Outcome EventHub::LeadForGeneration(engine::Engine& core, int64_t timeout_ns,
                                    EventList* spare) {
  // `spare` has a node for every event, so that none can be lost after it was
  // taken from the core.
  auto events = Lead(core, spare->size(), timeout_ns);
  if (!events.ok()) return std::move(events).status();
  for (engine::Event& event : *events) {
    if (GiveToGeneration(event)) continue;
    spare->front() = std::move(event);
    pending_.splice(pending_.end(), *spare, spare->begin());
  }
  return {};
}

Outcome EventHub::WaitFor(engine::Engine& core, const Generation& generation,
                          bool step) {
  EventList spare;
  MutexLock lock(mutex_);
  while (!generation.done()) {
    bool more = true;
    if (step) {
      const auto stepped = Unlocked([&] { return core.Step(); });
      more = stepped.ok() && *stepped;
    }
    if (generation.done()) break;
    if (push() || leading_) {
      changed_.WaitFor(mutex_, step ? (more ? 0 : kIdleStepNs) : -1);
      continue;
    }
    while (spare.size() < kChunk) spare.emplace_back();
    const int64_t timeout = !step ? -1 : more ? 0 : kIdleStepNs;
    INLAY_RETURN_IF_BAD(LeadForGeneration(core, timeout, &spare));
  }
  return {};
}

void EventHub::Detach(RequestRecord* record) {
  MutexLock lock(mutex_);
  record->generation = nullptr;
}

void EventHub::OnEvents(const std::vector<engine::Event>& events) {
  const engine::Event* mine[kChunk];
  size_t count = 0;
  for (const engine::Event& event : events) {
    {
      MutexLock lock(mutex_);
      if (GiveToGeneration(event)) {
        changed_.NotifyAll();
        continue;
      }
    }
    mine[count++] = &event;
    if (count == kChunk) {
      CallHost(mine, count);
      count = 0;
    }
  }
  if (count != 0) CallHost(mine, count);
}

void EventHub::CallHost(const engine::Event* const* events, size_t count) {
  // The host released the engine inside an earlier chunk of this batch.
  if (silent_.load()) return;
  EventExtra extras[kChunk];
  inlay_event records[kChunk];
  for (size_t i = 0; i < count; ++i) {
    RequestRecord* record = RequestRecord::Of(*events[i]);
    records[i] = ToRecord(*events[i], record->user_data, &extras[i]);
    if (IsTerminal(*events[i])) {
      requests_.MarkEnded(record);
    } else {
      // Its submit may not have returned yet.
      Registry::Insert(record, events[i]->request_id);
    }
  }
  try {
    on_events_(user_data_, records, sizeof(inlay_event), count);
  } catch (...) {
    // A host that throws loses these events, nothing else.
  }
  requests_.ReleaseEnded();
}

}  // namespace inlay::capi
