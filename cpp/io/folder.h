// A folder of files that belong to one model.
#ifndef INLAY_IO_FOLDER_H_
#define INLAY_IO_FOLDER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/io/source.h"

namespace inlay::io {

// Several files as one source, each from the offset that stands beside it.
// The bytes between two files read as zeros when mapped and cannot be read
// otherwise.
struct JoinedFiles {
  std::shared_ptr<Source> source;
  std::vector<uint64_t> offsets;
  std::vector<uint64_t> sizes;
};

// Thread-safe. Names are base names: kInvalidArgument for one with a separator,
// ".." or a zero byte, and for a link that leads to anything but another name
// in the folder.
class Folder {
 public:
  virtual ~Folder() = default;
  // kNotFound if there is no such file; else as io::OpenFile.
  virtual StatusOr<std::shared_ptr<Source>> Open(std::string_view name,
                                                 bool map) const = 0;
  // `names` is not empty.
  virtual StatusOr<JoinedFiles> Join(std::span<const std::string> names,
                                     bool map) const = 0;
  // kNotFound if there is no such folder in this one, or it is a link.
  virtual StatusOr<std::shared_ptr<const Folder>> OpenInner(
      std::string_view name) const = 0;
  // For error messages.
  virtual std::string_view name() const = 0;
};

// kInvalidArgument unless `name` can only mean an entry of a folder itself.
Status CheckBaseName(std::string_view name);

// Puts sources one behind the other; the result has no mapping.
JoinedFiles JoinSources(std::vector<std::shared_ptr<Source>> sources);
// The same at given offsets, which rise from 0 and do not overlap.
std::shared_ptr<Source> JoinSourcesAt(
    std::vector<std::shared_ptr<Source>> sources, std::vector<uint64_t> offsets,
    uint64_t size);

// kNotFound, kUnavailable, kInvalidArgument (not a folder).
StatusOr<std::shared_ptr<const Folder>> OpenFolder(const std::string& path);

// A file as OpenFile does, or a folder as an empty source whose folder() is
// set.
StatusOr<std::shared_ptr<Source>> OpenPath(const std::string& path, bool map);

// A folder that is not on a disk: for hosts that hold the files, and tests.
struct MemoryFile {
  std::string name;
  std::vector<uint8_t> bytes;
};
std::shared_ptr<const Folder> MakeMemoryFolder(std::vector<MemoryFile> files);

// An empty source whose folder() is `folder`.
std::shared_ptr<Source> FolderSource(std::shared_ptr<const Folder> folder);

// The whole of a file of the folder as text, at most `limit` bytes:
// kResourceExhausted beyond.
StatusOr<std::string> ReadText(const Folder& folder, std::string_view name,
                               uint64_t limit);

}  // namespace inlay::io

#endif  // INLAY_IO_FOLDER_H_
