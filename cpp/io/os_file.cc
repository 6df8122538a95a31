#include "cpp/io/os_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"

namespace inlay::io {
namespace {

// One system call moves at most this much; Linux stops near 2 GiB anyway.
constexpr size_t kReadAtOnce = size_t{1} << 30;

Status OsError(int error, std::string_view action, std::string_view name) {
  const std::string message = absl::StrCat(
      action, " ", name, ": ", std::generic_category().message(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
  if (error == EINVAL || error == EBADF || error == ENAMETOOLONG) {
    return absl::InvalidArgumentError(message);
  }
  return absl::UnavailableError(message);
}

uint64_t PageSize() {
  const long size = sysconf(_SC_PAGESIZE);
  return size > 0 ? static_cast<uint64_t>(size) : 4096;
}

}  // namespace

OsMapping::OsMapping(OsMapping&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)),
      length_(std::exchange(other.length_, 0)),
      bytes_(std::exchange(other.bytes_, {})) {}

OsMapping& OsMapping::operator=(OsMapping&& other) noexcept {
  std::swap(base_, other.base_);
  std::swap(length_, other.length_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

OsMapping::~OsMapping() {
  if (base_ != nullptr) munmap(base_, length_);
}

void OsMapping::Discard(uint64_t offset, uint64_t bytes) const {
  if (base_ == nullptr || offset > bytes_.size()) return;
  bytes = std::min<uint64_t>(bytes, bytes_.size() - offset);
  const uint64_t page = PageSize();
  const auto origin = reinterpret_cast<uintptr_t>(base_);
  const auto address =
      reinterpret_cast<uintptr_t>(bytes_.data()) + offset - origin;
  const uint64_t begin = (address + page - 1) / page * page;
  const uint64_t end = (address + bytes) / page * page;
  // Advice only: a failure changes nothing but memory use.
  if (begin < end) {
    madvise(static_cast<uint8_t*>(base_) + begin, end - begin, MADV_DONTNEED);
  }
}

StatusOr<OsMapping> OsMapping::Join(std::span<const OsFile* const> files,
                                    std::string_view name,
                                    std::vector<uint64_t>* offsets) {
  const uint64_t page = PageSize();
  uint64_t length = 0, size = 0;
  offsets->clear();
  for (const OsFile* file : files) {
    offsets->push_back(length);
    size = length + file->size();
    if (file->size() > (uint64_t{1} << 56) ||
        !CheckedAlignUp(size, page, &length) || length >> 60 != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": too large to map"));
    }
  }
  OsMapping mapping;
  if (length == 0) return mapping;
  void* base = mmap(nullptr, length, PROT_READ,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return OsError(errno, "map", name);
  mapping.base_ = base;
  mapping.length_ = length;
  mapping.bytes_ = {static_cast<const uint8_t*>(base), size};
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i]->size() == 0) continue;
    void* place = static_cast<uint8_t*>(base) + (*offsets)[i];
    if (mmap(place, files[i]->size(), PROT_READ, MAP_PRIVATE | MAP_FIXED,
             files[i]->descriptor_, 0) == MAP_FAILED) {
      return OsError(errno, "map", name);
    }
  }
  return mapping;
}

OsFile::OsFile(OsFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(std::exchange(other.size_, 0)) {}

OsFile& OsFile::operator=(OsFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  return *this;
}

OsFile::~OsFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

StatusOr<OsFile> OsFile::Open(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the path is empty");
  if (path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("the path contains a zero byte");
  }
  // O_NONBLOCK: opening a pipe must not wait for its other end.
  int descriptor = -1;
  do {
    descriptor =
        open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return OsError(errno, "open", path);
  return Adopt(descriptor, path);
}

StatusOr<OsFile> OsFile::OpenIn(int folder, const std::string& name,
                                std::string_view full) {
  int descriptor = -1;
  do {
    descriptor =
        openat(folder, name.c_str(),
               O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return OsError(errno, "open", full);
  return Adopt(descriptor, full);
}

StatusOr<OsFile> OsFile::Duplicate(int descriptor) {
  const std::string name = absl::StrCat("descriptor ", descriptor);
  const int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return OsError(errno, "duplicate", name);
  return Adopt(copy, name);
}

StatusOr<OsFile> OsFile::Adopt(int descriptor, std::string_view name) {
  OsFile file(descriptor, 0);
  struct stat info = {};
  if (fstat(descriptor, &info) != 0) return OsError(errno, "stat", name);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, S_ISDIR(info.st_mode) ? " is a directory" : " is not a file"));
  }
  if (!CheckedCast(info.st_size, &file.size_)) {
    return absl::UnavailableError(absl::StrCat(name, " has no valid size"));
  }
  return file;
}

Status OsFile::ReadAt(uint64_t offset, std::span<uint8_t> out,
                      std::string_view name) const {
  while (!out.empty()) {
    off_t position = 0;
    if (!CheckedCast(offset, &position)) {
      return absl::DataLossError(
          absl::StrCat(name, ": read at ", offset, " is past the end"));
    }
    const ssize_t got = pread(descriptor_, out.data(),
                              std::min(out.size(), kReadAtOnce), position);
    if (got < 0) {
      if (errno == EINTR) continue;
      return OsError(errno, "read", name);
    }
    if (got == 0) {
      return absl::DataLossError(absl::StrCat(name, ": ends at byte ", offset,
                                              ", shorter than when opened"));
    }
    out = out.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
  return OkStatus();
}

StatusOr<OsMapping> OsFile::Map(uint64_t offset, uint64_t bytes,
                                std::string_view name) const {
  const uint64_t skip = offset % PageSize();
  off_t begin = 0;
  uint64_t length = 0;
  if (!CheckedCast(offset - skip, &begin) ||
      !CheckedAdd(bytes, skip, &length)) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": too large to map"));
  }
  void* base =
      mmap(nullptr, length, PROT_READ, MAP_PRIVATE, descriptor_, begin);
  if (base == MAP_FAILED) return OsError(errno, "map", name);
  OsMapping mapping;
  mapping.base_ = base;
  mapping.length_ = length;
  mapping.bytes_ = {static_cast<const uint8_t*>(base) + skip, bytes};
  return mapping;
}

}  // namespace inlay::io
