// Request ids of the whole process: cancel and status take an id and no
// handle, so that a late call is harmless.
#ifndef INLAY_CAPI_SRC_REGISTRY_H_
#define INLAY_CAPI_SRC_REGISTRY_H_

#include <cstdint>
#include <memory>

#include "capi/src/outcome.h"
#include "capi/src/request_table.h"

namespace inlay::capi {

// Thread-safe. The one table of the process: initialised at compile time,
// never destroyed, allocates nothing (records are linked into it).
class Registry {
 public:
  // Makes `id` known, unless it is or the request's terminal event came first.
  // Whoever is first to show the id to the host does it: the end of submit, or
  // an event that comes before that.
  static void Insert(RequestRecord* record, uint64_t id) noexcept;
  // Forgets the record, now or before it is inserted. May be repeated.
  static void Remove(RequestRecord* record) noexcept;
  // NOT_FOUND for an id that is not live; FORKED for one of the parent.
  static Outcome Find(uint64_t id, std::shared_ptr<engine::Engine>* out);
};

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_REGISTRY_H_
