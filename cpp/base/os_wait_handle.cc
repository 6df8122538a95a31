#include "cpp/base/os_wait_handle.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace inlay {

StatusOr<std::unique_ptr<WaitHandle>> WaitHandle::Create() {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no descriptor for a wait handle: errno ", errno));
  }
  return std::unique_ptr<WaitHandle>(new WaitHandle(descriptor));
}

WaitHandle::~WaitHandle() { close(descriptor_); }

// An eventfd's counter is written and read in one call of eight bytes; the
// only failure of a valid one is "would block", which means that the state
// asked for holds already.
void WaitHandle::Set() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(descriptor_, &one, sizeof(one));
}

void WaitHandle::Clear() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(descriptor_, &count, sizeof(count));
}

}  // namespace inlay
