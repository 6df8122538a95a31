// Folders of the operating system.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"
#include "cpp/io/folder.h"
#include "cpp/io/os_file.h"
#include "cpp/io/range.h"

namespace inlay::io {
namespace {

Status FolderError(int error, std::string_view path) {
  const std::string message =
      absl::StrCat("open ", path, ": ", std::generic_category().message(error));
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == ENOTDIR || error == ENAMETOOLONG || error == ELOOP) {
    return absl::InvalidArgumentError(message);
  }
  return absl::UnavailableError(message);
}

// Several mapped files in one range of addresses.
class MappedFiles final : public Source {
 public:
  MappedFiles(OsMapping mapping, std::shared_ptr<Source> files)
      : mapping_(std::move(mapping)), files_(std::move(files)) {}

  uint64_t size() const override { return files_->size(); }
  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    return files_->ReadAt(offset, out);
  }
  std::span<const uint8_t> Mapped() const override { return mapping_.bytes(); }
  void Discard(uint64_t offset, uint64_t bytes) const override {
    mapping_.Discard(offset, bytes);
  }
  std::string_view name() const override { return files_->name(); }

 private:
  const OsMapping mapping_;
  const std::shared_ptr<Source> files_;
};

class FileInFolder final : public Source {
 public:
  FileInFolder(OsFile file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}
  uint64_t size() const override { return file_.size(); }
  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    INLAY_RETURN_IF_ERROR(CheckRange(offset, out.size(), size(), name_));
    return file_.ReadAt(offset, out, name_);
  }
  std::string_view name() const override { return name_; }
  const OsFile& file() const { return file_; }

 private:
  const OsFile file_;
  const std::string name_;
};

class OsFolder final : public Folder {
 public:
  OsFolder(int descriptor, std::string path)
      : descriptor_(descriptor), path_(std::move(path)) {}
  ~OsFolder() override { close(descriptor_); }
  OsFolder(const OsFolder&) = delete;
  OsFolder& operator=(const OsFolder&) = delete;

  StatusOr<std::shared_ptr<Source>> Open(std::string_view name,
                                         bool map) const override {
    const std::string names[] = {std::string(name)};
    INLAY_ASSIGN_OR_RETURN(JoinedFiles joined, Join(names, map));
    return joined.source;
  }

  StatusOr<JoinedFiles> Join(std::span<const std::string> names,
                             bool map) const override {
    std::vector<std::shared_ptr<Source>> sources;
    std::vector<const OsFile*> files;
    for (const std::string& name : names) {
      INLAY_ASSIGN_OR_RETURN(OsFile file, OpenEntry(name));
      auto source = std::make_shared<FileInFolder>(
          std::move(file), absl::StrCat(path_, "/", name));
      files.push_back(&source->file());
      sources.push_back(std::move(source));
    }
    if (!map) return JoinSources(std::move(sources));
    JoinedFiles joined;
    INLAY_ASSIGN_OR_RETURN(OsMapping mapping,
                           OsMapping::Join(files, path_, &joined.offsets));
    uint64_t size = 0;
    for (size_t i = 0; i < files.size(); ++i) {
      joined.sizes.push_back(files[i]->size());
      size = joined.offsets[i] + files[i]->size();
    }
    auto reading = JoinSourcesAt(std::move(sources), joined.offsets, size);
    joined.source =
        std::make_shared<MappedFiles>(std::move(mapping), std::move(reading));
    return joined;
  }

  StatusOr<std::shared_ptr<const Folder>> OpenInner(
      std::string_view name) const override {
    INLAY_RETURN_IF_ERROR(CheckBaseName(name));
    std::string full = absl::StrCat(path_, "/", name);
    const std::string base(name);
    int inner = -1;
    do {
      inner = openat(descriptor_, base.c_str(),
                     O_RDONLY | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW);
    } while (inner < 0 && errno == EINTR);
    if (inner < 0) {
      // Where a link stands O_NOFOLLOW says that it is no folder.
      return errno == ENOTDIR || errno == ELOOP
                 ? absl::NotFoundError(absl::StrCat("no folder ", full))
                 : FolderError(errno, full);
    }
    try {
      return std::shared_ptr<const Folder>(
          std::make_shared<OsFolder>(inner, std::move(full)));
    } catch (...) {
      close(inner);
      throw;
    }
  }

  std::string_view name() const override { return path_; }

 private:
  // A link is followed once, and only to a base name, which then must not be
  // a link itself.
  StatusOr<OsFile> OpenEntry(const std::string& name) const {
    INLAY_RETURN_IF_ERROR(CheckBaseName(name));
    const std::string full = absl::StrCat(path_, "/", name);
    StatusOr<OsFile> file = OsFile::OpenIn(descriptor_, name, full);
    if (file.ok()) return file;
    char target[256];
    const ssize_t length =
        readlinkat(descriptor_, name.c_str(), target, sizeof(target));
    if (length <= 0) return file;
    const std::string to(target, static_cast<size_t>(length));
    if (to.size() >= sizeof(target) || !CheckBaseName(to).ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(full, " is a link that leads outside the folder"));
    }
    return OsFile::OpenIn(descriptor_, to, absl::StrCat(path_, "/", to));
  }

  const int descriptor_;
  const std::string path_;
};

}  // namespace

StatusOr<std::shared_ptr<const Folder>> OpenFolder(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("the path is no folder's");
  }
  int descriptor = -1;
  do {
    descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return FolderError(errno, path);
  try {
    return std::shared_ptr<const Folder>(
        std::make_shared<OsFolder>(descriptor, path));
  } catch (...) {
    close(descriptor);
    throw;
  }
}

StatusOr<std::shared_ptr<Source>> OpenPath(const std::string& path, bool map) {
  struct stat info = {};
  const bool plain = !path.empty() && path.find('\0') == std::string::npos;
  if (!plain || stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return OpenFile(path, map);
  }
  INLAY_ASSIGN_OR_RETURN(std::shared_ptr<const Folder> folder,
                         OpenFolder(path));
  return FolderSource(std::move(folder));
}

}  // namespace inlay::io
