// The clock seam: nanoseconds of a monotonic clock, so that tests can use a
// virtual one. Wall-clock time is never read.
#ifndef INLAY_BASE_CLOCK_H_
#define INLAY_BASE_CLOCK_H_

#include <cstdint>

namespace inlay {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowNs() const = 0;
  // The process's monotonic clock. Stateless; never destroyed.
  static const Clock& Monotonic();
};

}  // namespace inlay

#endif  // INLAY_BASE_CLOCK_H_
