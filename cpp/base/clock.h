// The clock seam: nanoseconds of a monotonic clock, so that tests can use a
// virtual one. Wall-clock time is never read.
#ifndef INLAY_BASE_CLOCK_H_
#define INLAY_BASE_CLOCK_H_

#include <cstdint>

namespace inlay {

class Clock {
 public:
  virtual int64_t NowNs() const = 0;
  // The process's monotonic clock. Stateless; never destroyed.
  static const Clock& Monotonic();

 protected:
  // Not virtual: clocks are never owned through this class, and a trivial
  // destructor keeps static clocks out of the exit handlers.
  ~Clock() = default;
};

}  // namespace inlay

#endif  // INLAY_BASE_CLOCK_H_
