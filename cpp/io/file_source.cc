// Sources over files of the operating system.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/io/os_file.h"
#include "cpp/io/range.h"
#include "cpp/io/source.h"

namespace inlay::io {
namespace {

class FileSource final : public Source {
 public:
  FileSource(OsFile file, OsMapping mapping, uint64_t offset, uint64_t size,
             std::string name)
      : file_(std::move(file)),
        mapping_(std::move(mapping)),
        offset_(offset),
        size_(size),
        name_(std::move(name)) {}

  uint64_t size() const override { return size_; }
  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    INLAY_RETURN_IF_ERROR(CheckRange(offset, out.size(), size_, name_));
    return file_.ReadAt(offset_ + offset, out, name_);
  }
  std::span<const uint8_t> Mapped() const override { return mapping_.bytes(); }
  void Discard(uint64_t offset, uint64_t bytes) const override {
    mapping_.Discard(offset, bytes);
  }
  std::string_view name() const override { return name_; }

 private:
  const OsFile file_;
  const OsMapping mapping_;
  const uint64_t offset_;  // of this source in the file
  const uint64_t size_;
  const std::string name_;
};

StatusOr<std::shared_ptr<Source>> MakeFileSource(OsFile file, uint64_t offset,
                                                 uint64_t size, bool map,
                                                 std::string name) {
  OsMapping mapping;
  if (map && size > 0) {
    INLAY_ASSIGN_OR_RETURN(mapping, file.Map(offset, size, name));
  }
  return std::shared_ptr<Source>(std::make_shared<FileSource>(
      std::move(file), std::move(mapping), offset, size, std::move(name)));
}

}  // namespace

StatusOr<std::shared_ptr<Source>> OpenFile(const std::string& path, bool map) {
  INLAY_ASSIGN_OR_RETURN(OsFile file, OsFile::Open(path));
  const uint64_t size = file.size();
  return MakeFileSource(std::move(file), 0, size, map, path);
}

StatusOr<std::shared_ptr<Source>> OpenDescriptor(int descriptor,
                                                 uint64_t offset, uint64_t size,
                                                 bool map) {
  std::string name = absl::StrCat("descriptor ", descriptor);
  INLAY_ASSIGN_OR_RETURN(OsFile file, OsFile::Duplicate(descriptor));
  if (offset > file.size() || size > file.size() - offset) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": offset ", offset, " and size ", size,
                     " do not lie in its ", file.size(), " bytes"));
  }
  if (size == 0) size = file.size() - offset;
  return MakeFileSource(std::move(file), offset, size, map, std::move(name));
}

}  // namespace inlay::io
