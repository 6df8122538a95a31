// A descriptor that an event loop can wait on.
#ifndef INLAY_BASE_OS_WAIT_HANDLE_H_
#define INLAY_BASE_OS_WAIT_HANDLE_H_

#include <memory>

#include "cpp/base/status.h"

namespace inlay {

// Readable (POLLIN) between Set and Clear. Thread-safe. Owns the descriptor;
// nobody else reads from it or closes it.
class WaitHandle {
 public:
  // kResourceExhausted if the process is out of descriptors.
  static StatusOr<std::unique_ptr<WaitHandle>> Create();
  ~WaitHandle();
  WaitHandle(const WaitHandle&) = delete;
  WaitHandle& operator=(const WaitHandle&) = delete;

  int descriptor() const { return descriptor_; }
  void Set();
  void Clear();

 private:
  explicit WaitHandle(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

}  // namespace inlay

#endif  // INLAY_BASE_OS_WAIT_HANDLE_H_
