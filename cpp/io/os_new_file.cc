#include "cpp/io/os_new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace inlay::io {
namespace {

constexpr size_t kWriteAtOnce = size_t{1} << 30;

Status Failure(int error, std::string_view action, std::string_view name) {
  const std::string message = absl::StrCat(
      action, " ", name, ": ", std::generic_category().message(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
  if (error == EINVAL || error == EISDIR || error == ENAMETOOLONG) {
    return absl::InvalidArgumentError(message);
  }
  return absl::UnavailableError(message);
}

Status SyncDescriptor(int descriptor, std::string_view name) {
  while (fsync(descriptor) != 0) {
    if (errno == EINTR) continue;
    // Some file systems have nothing to wait for, and say so.
    if (errno == EINVAL || errno == ENOTSUP) return OkStatus();
    return Failure(errno, "sync", name);
  }
  return OkStatus();
}

// The name of a file is safe only when its folder is.
Status SyncFolder(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == path.npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
  const int descriptor =
      open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // A folder that may be written but not read cannot be waited for.
  if (descriptor < 0) {
    return errno == EACCES ? OkStatus() : Failure(errno, "open", folder);
  }
  Status synced = SyncDescriptor(descriptor, folder);
  close(descriptor);
  return synced;
}

}  // namespace

NewFile::NewFile(std::string path, std::string temporary, int descriptor)
    : path_(std::move(path)),
      temporary_(std::move(temporary)),
      descriptor_(descriptor) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      temporary_(std::exchange(other.temporary_, {})),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

NewFile& NewFile::operator=(NewFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

StatusOr<NewFile> NewFile::Create(const std::string& path) {
  if (path.empty() || path.find('\0') != path.npos || path.back() == '/') {
    return absl::InvalidArgumentError("the path names no file");
  }
  struct stat info = {};
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a file"));
  }
  std::string temporary = path + ".XXXXXX";
  const int descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return Failure(errno, "create", temporary);
  return NewFile(path, std::move(temporary), descriptor);
}

Status NewFile::Write(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t done =
        write(descriptor_, bytes.data(), std::min(bytes.size(), kWriteAtOnce));
    if (done < 0) {
      if (errno == EINTR) continue;
      return Failure(errno, "write", temporary_);
    }
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  return OkStatus();
}

Status NewFile::CloseDescriptor() {
  // Network file systems report a late failure to write here.
  if (close(std::exchange(descriptor_, -1)) == 0 || errno == EINTR) {
    return OkStatus();
  }
  return Failure(errno, "close", temporary_);
}

Status NewFile::Commit() {
  INLAY_RETURN_IF_ERROR(SyncDescriptor(descriptor_, temporary_));
  INLAY_RETURN_IF_ERROR(CloseDescriptor());
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    return Failure(errno, "rename to", path_);
  }
  temporary_.clear();
  return SyncFolder(path_);
}

}  // namespace inlay::io
