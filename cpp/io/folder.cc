#include "cpp/io/folder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/io/range.h"

namespace inlay::io {
namespace {

constexpr uint64_t kJoinAlignment = 64;

class JoinedSource final : public Source {
 public:
  JoinedSource(std::vector<std::shared_ptr<Source>> parts,
               std::vector<uint64_t> offsets, uint64_t size)
      : parts_(std::move(parts)), offsets_(std::move(offsets)), size_(size) {}

  uint64_t size() const override { return size_; }
  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    INLAY_RETURN_IF_ERROR(CheckRange(offset, out.size(), size_, name()));
    if (out.empty()) return OkStatus();
    const auto after =
        std::upper_bound(offsets_.begin(), offsets_.end(), offset);
    const size_t i = static_cast<size_t>(after - offsets_.begin()) - 1;
    return parts_[i]->ReadAt(offset - offsets_[i], out);
  }
  std::string_view name() const override { return parts_[0]->name(); }

 private:
  const std::vector<std::shared_ptr<Source>> parts_;
  const std::vector<uint64_t> offsets_;  // the first is 0
  const uint64_t size_;
};

class MemoryFolder final : public Folder,
                           public std::enable_shared_from_this<MemoryFolder> {
 public:
  explicit MemoryFolder(std::vector<MemoryFile> files)
      : files_(std::move(files)) {}

  StatusOr<std::shared_ptr<Source>> Open(std::string_view name,
                                         bool /*map*/) const override {
    INLAY_RETURN_IF_ERROR(CheckBaseName(name));
    for (const MemoryFile& file : files_) {
      if (file.name == name) {
        return OpenMemory(file.bytes, [keep = shared_from_this()] {});
      }
    }
    return absl::NotFoundError(absl::StrCat("no file ", name));
  }
  StatusOr<JoinedFiles> Join(std::span<const std::string> names,
                             bool map) const override {
    std::vector<std::shared_ptr<Source>> sources;
    for (const std::string& name : names) {
      INLAY_ASSIGN_OR_RETURN(std::shared_ptr<Source> source, Open(name, map));
      sources.push_back(std::move(source));
    }
    return JoinSources(std::move(sources));
  }
  StatusOr<std::shared_ptr<const Folder>> OpenInner(
      std::string_view name) const override {
    INLAY_RETURN_IF_ERROR(CheckBaseName(name));
    const std::string prefix = absl::StrCat(name, "/");
    std::vector<MemoryFile> inner;
    for (const MemoryFile& file : files_) {
      if (file.name.compare(0, prefix.size(), prefix) != 0) continue;
      inner.push_back({file.name.substr(prefix.size()), file.bytes});
    }
    if (inner.empty()) return absl::NotFoundError(absl::StrCat("no ", prefix));
    return MakeMemoryFolder(std::move(inner));
  }
  std::string_view name() const override { return "memory"; }

 private:
  const std::vector<MemoryFile> files_;
};

class EmptySource final : public Source {
 public:
  explicit EmptySource(std::shared_ptr<const Folder> folder)
      : folder_(std::move(folder)) {}
  uint64_t size() const override { return 0; }
  Status ReadAt(uint64_t offset, std::span<uint8_t> out) const override {
    return CheckRange(offset, out.size(), 0, name());
  }
  std::string_view name() const override { return folder_->name(); }
  const Folder* folder() const override { return folder_.get(); }

 private:
  const std::shared_ptr<const Folder> folder_;
};

}  // namespace

Status CheckBaseName(std::string_view name) {
  const bool plain = !name.empty() && name != "." && name != ".." &&
                     name.find('/') == std::string_view::npos &&
                     name.find('\\') == std::string_view::npos &&
                     name.find('\0') == std::string_view::npos;
  if (plain) return OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", name.substr(0, 200),
                   "\" is not the name of a file inside the folder"));
}

JoinedFiles JoinSources(std::vector<std::shared_ptr<Source>> sources) {
  JoinedFiles joined;
  uint64_t size = 0;
  for (const std::shared_ptr<Source>& source : sources) {
    size = (size + kJoinAlignment - 1) / kJoinAlignment * kJoinAlignment;
    joined.offsets.push_back(size);
    joined.sizes.push_back(source->size());
    size += source->size();
  }
  joined.source = JoinSourcesAt(std::move(sources), joined.offsets, size);
  return joined;
}

std::shared_ptr<Source> JoinSourcesAt(
    std::vector<std::shared_ptr<Source>> sources, std::vector<uint64_t> offsets,
    uint64_t size) {
  if (sources.size() == 1) return std::move(sources[0]);
  return std::make_shared<JoinedSource>(std::move(sources), std::move(offsets),
                                        size);
}

std::shared_ptr<const Folder> MakeMemoryFolder(std::vector<MemoryFile> files) {
  return std::make_shared<MemoryFolder>(std::move(files));
}

std::shared_ptr<Source> FolderSource(std::shared_ptr<const Folder> folder) {
  return std::make_shared<EmptySource>(std::move(folder));
}

StatusOr<std::string> ReadText(const Folder& folder, std::string_view name,
                               uint64_t limit) {
  INLAY_ASSIGN_OR_RETURN(const std::shared_ptr<Source> source,
                         folder.Open(name, /*map=*/false));
  if (source->size() > limit) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, " has ", source->size(), " bytes, more than the ",
                     limit, " that are read"));
  }
  std::string text(source->size(), '\0');
  INLAY_RETURN_IF_ERROR(source->ReadAt(
      0, {reinterpret_cast<uint8_t*>(text.data()), text.size()}));
  return text;
}

}  // namespace inlay::io
