// The requests of one engine, as the boundary remembers them.
#ifndef INLAY_CAPI_SRC_REQUEST_TABLE_H_
#define INLAY_CAPI_SRC_REQUEST_TABLE_H_

#include <inlay/inlay.h>

#include <list>
#include <memory>

#include "cpp/base/mutex.h"
#include "cpp/engine/engine.h"

namespace inlay::capi {

struct RequestRecord;

using RecordList = std::list<std::shared_ptr<RequestRecord>>;

// Travels through the core as Request::user_data.
struct RequestRecord {
  void* user_data = nullptr;
  inlay_release_fn release = nullptr;
  inlay_logits_fn logits_hook = nullptr;
  void* logits_user_data = nullptr;

  std::weak_ptr<engine::Engine> engine;  // set before the submit

  // For the registry, under its lock.
  uint64_t id = 0;
  bool ended = false;
  RequestRecord* next = nullptr;

  RecordList::iterator place;  // for the table, under its lock

  uint64_t AsUserData() const { return reinterpret_cast<uintptr_t>(this); }
  static RequestRecord* Of(const engine::Event& event) {
    return reinterpret_cast<RequestRecord*>(
        static_cast<uintptr_t>(event.user_data));
  }
};

// Thread-safe. Owns the records until the host may forget their requests.
class RequestTable {
 public:
  RequestTable() = default;
  // Removes what is left from the registry and tells the host.
  ~RequestTable();
  RequestTable(const RequestTable&) = delete;
  RequestTable& operator=(const RequestTable&) = delete;

  std::shared_ptr<RequestRecord> Add(const inlay_request& request);
  // Forgets a record whose submit failed; the host keeps its user_data.
  void Forget(RequestRecord* record);
  // The terminal event is about to be delivered. Allocates nothing.
  void MarkEnded(RequestRecord* record) noexcept;
  // The memory of the terminal events that were marked is no longer valid.
  void ReleaseEnded() noexcept;
  // The same for one record.
  void ReleaseOne(RequestRecord* record) noexcept;
  // The engine is closed: no id of it is known any more.
  void UnregisterAll() noexcept;

 private:
  Mutex mutex_;
  RecordList live_ INLAY_GUARDED_BY(mutex_);
  RecordList ended_ INLAY_GUARDED_BY(mutex_);
};

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_REQUEST_TABLE_H_
