#include "cpp/base/clock.h"

#include <chrono>

namespace inlay {
namespace {

class MonotonicClock final : public Clock {
 public:
  int64_t NowNs() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

// Has no state and a trivial destructor, so that it may outlive everything.
constinit const MonotonicClock kMonotonic;

}  // namespace

const Clock& Clock::Monotonic() { return kMonotonic; }

}  // namespace inlay
