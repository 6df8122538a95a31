#include "cpp/base/os_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace inlay {

std::string ReadSystemFile(const std::string& path, size_t max_bytes) {
  std::string text;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return text;
  char buffer[4096];
  while (text.size() < max_bytes) {
    const ssize_t got = read(descriptor, buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  close(descriptor);
  if (text.size() > max_bytes) text.resize(max_bytes);
  return text;
}

}  // namespace inlay
