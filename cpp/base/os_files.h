// Small text files of the system (/proc, /sys).
#ifndef INLAY_BASE_OS_FILES_H_
#define INLAY_BASE_OS_FILES_H_

#include <cstddef>
#include <string>

namespace inlay {

// The first `max_bytes` of a file, or an empty string if it cannot be read.
std::string ReadSystemFile(const std::string& path, size_t max_bytes = 65536);

}  // namespace inlay

#endif  // INLAY_BASE_OS_FILES_H_
