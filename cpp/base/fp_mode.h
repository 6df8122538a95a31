// The floating-point mode of the calling thread.
//
// A new thread inherits its creator's mode, and a host may run with flushed
// denormals or another rounding; results must not depend on that.
#ifndef INLAY_BASE_FP_MODE_H_
#define INLAY_BASE_FP_MODE_H_

#include <cstdint>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace inlay {

// Sets round-to-nearest, denormals kept, exceptions masked; puts the old mode
// back (with its sticky flags) when it ends.
class ScopedDefaultFpMode {
 public:
#if defined(__SSE2__)
  ScopedDefaultFpMode() : saved_(_mm_getcsr()) { _mm_setcsr(kDefault); }
  ~ScopedDefaultFpMode() { _mm_setcsr(saved_); }

 private:
  // Intel SDM volume 1, section 10.2.3: the value after reset.
  static constexpr uint32_t kDefault = 0x1f80;
  const uint32_t saved_;
#elif defined(__aarch64__)
  ScopedDefaultFpMode() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" : : "r"(uint64_t{0}));
  }
  ~ScopedDefaultFpMode() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }

 private:
  uint64_t saved_;
#else
  ScopedDefaultFpMode() {}
#endif

 public:
  ScopedDefaultFpMode(const ScopedDefaultFpMode&) = delete;
  ScopedDefaultFpMode& operator=(const ScopedDefaultFpMode&) = delete;
};

}  // namespace inlay

#endif  // INLAY_BASE_FP_MODE_H_
