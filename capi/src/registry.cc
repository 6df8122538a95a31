#include "capi/src/registry.h"

#include <atomic>
#include <mutex>
#include <new>
#include <type_traits>

#include "cpp/base/os_process.h"

namespace inlay::capi {
namespace {

constexpr size_t kBuckets = 256;
constexpr int64_t kNobody = 0;
constexpr int64_t kTakingOver = -1;

struct Table {
  std::mutex mutex;
  RequestRecord* buckets[kBuckets] = {};
};

// The process that uses the table. In a forked child the mutex may have been
// copied while locked, so the child's first insert starts a fresh one.
constinit std::atomic<int64_t> g_owner{kNobody};
constinit Table g_table;

static_assert(std::is_trivially_destructible_v<Table>);

bool Inherited() noexcept {
  const int64_t owner = g_owner.load(std::memory_order_acquire);
  return owner != kNobody && owner != CurrentProcess();
}

void TakeOver() noexcept {
  const int64_t self = CurrentProcess();
  int64_t owner = g_owner.load(std::memory_order_acquire);
  while (owner != self) {
    if (owner != kTakingOver &&
        g_owner.compare_exchange_weak(owner, kTakingOver)) {
      if (owner != kNobody) new (&g_table) Table();
      g_owner.store(self, std::memory_order_release);
      return;
    }
    owner = g_owner.load(std::memory_order_acquire);
  }
}

RequestRecord** Bucket(uint64_t id) noexcept {
  return &g_table.buckets[id % kBuckets];
}

}  // namespace

void Registry::Insert(RequestRecord* record, uint64_t id) noexcept {
  TakeOver();
  const std::lock_guard<std::mutex> lock(g_table.mutex);
  if (record->ended || record->id != 0) return;
  record->id = id;
  RequestRecord** bucket = Bucket(id);
  record->next = *bucket;
  *bucket = record;
}

void Registry::Remove(RequestRecord* record) noexcept {
  TakeOver();
  const std::lock_guard<std::mutex> lock(g_table.mutex);
  record->ended = true;
  if (record->id == 0) return;
  for (RequestRecord** at = Bucket(record->id); *at != nullptr;
       at = &(*at)->next) {
    if (*at != record) continue;
    *at = record->next;
    break;
  }
  record->id = 0;
}

Outcome Registry::Find(uint64_t id, std::shared_ptr<engine::Engine>* out) {
  if (Inherited()) {
    return Outcome::Abi(INLAY_ERR_FORKED, "the request",
                        "was submitted before fork()");
  }
  {
    const std::lock_guard<std::mutex> lock(g_table.mutex);
    for (RequestRecord* at = *Bucket(id); at != nullptr; at = at->next) {
      if (at->id != id) continue;
      *out = at->engine.lock();
      break;
    }
  }
  if (*out != nullptr) return {};
  return Outcome::Abi(INLAY_ERR_NOT_FOUND, "the request",
                      "is unknown or has ended");
}

}  // namespace inlay::capi
