#include "cpp/base/os_thread.h"

#include <pthread.h>
#include <signal.h>

#include <cstring>

namespace inlay {

ScopedSignalBlock::ScopedSignalBlock() {
  static_assert(sizeof(sigset_t) <= sizeof(saved_));
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  // A thread's own faults: blocked, they would end the process instead of
  // reaching the host's handler (a managed runtime's, a crash reporter's).
  constexpr int kFaults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (const int fault : kFaults) sigdelset(&all, fault);
  // By these, managed runtimes stop a single thread: Mono for a collection, as
  // soon as the thread begins to enter a callback.
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) {
    sigdelset(&all, signal);
  }
  blocked_ = pthread_sigmask(SIG_SETMASK, &all, &old) == 0;
  std::memcpy(saved_, &old, sizeof(old));
}

ScopedSignalBlock::~ScopedSignalBlock() {
  if (!blocked_) return;
  sigset_t old;
  std::memcpy(&old, saved_, sizeof(old));
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

void SetThreadName(const char* name) {
#if defined(__linux__)
  char buffer[16] = {};
  std::strncpy(buffer, name, sizeof(buffer) - 1);
  pthread_setname_np(pthread_self(), buffer);
#endif
}

}  // namespace inlay
