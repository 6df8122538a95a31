#include <atomic>

#include "cpp/engine/engine.h"

namespace inlay::engine {
namespace {

// The one piece of process-wide state: ids stay unique when engines come and
// go. Needs no construction and no destruction.
constinit std::atomic<uint64_t> last_request_id{0};

}  // namespace

uint64_t NextRequestId() { return ++last_request_id; }

}  // namespace inlay::engine
