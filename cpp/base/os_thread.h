// What a compute thread asks of the operating system.
#ifndef INLAY_BASE_OS_THREAD_H_
#define INLAY_BASE_OS_THREAD_H_

#include <cstdint>

namespace inlay {

// Blocks all signals of the calling thread while it lives, except its own
// faults and the real-time ones. A thread created meanwhile inherits the mask,
// so the host's handlers never run on it for what others send.
class ScopedSignalBlock {
 public:
  ScopedSignalBlock();
  ~ScopedSignalBlock();
  ScopedSignalBlock(const ScopedSignalBlock&) = delete;
  ScopedSignalBlock& operator=(const ScopedSignalBlock&) = delete;

 private:
  // Large enough for a sigset_t; checked in the source file.
  alignas(16) unsigned char saved_[128];
  bool blocked_;
};

// Names the calling thread for debuggers; at most 15 bytes are kept.
void SetThreadName(const char* name);

// A hint to the processor inside a spin loop.
inline void SpinPause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace inlay

#endif  // INLAY_BASE_OS_THREAD_H_
