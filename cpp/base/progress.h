// Progress of long work, and the way to stop it.
#ifndef INLAY_BASE_PROGRESS_H_
#define INLAY_BASE_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay {

// Called from one thread at a time with done <= total, in bytes or items of
// `stage` ("read", "pack"). A status that is not OK (usually kCancelled) stops
// the work, which returns it. Empty means nobody listens.
using Progress = std::function<Status(std::string_view stage, uint64_t done,
                                      uint64_t total)>;

}  // namespace inlay

#endif  // INLAY_BASE_PROGRESS_H_
