// A file that takes its place at once or not at all.
#ifndef INLAY_IO_OS_NEW_FILE_H_
#define INLAY_IO_OS_NEW_FILE_H_

#include <cstdint>
#include <span>
#include <string>

#include "cpp/base/status.h"

namespace inlay::io {

// Bytes go to a temporary file in the folder of `path`, readable and writable
// by its owner only, which Commit moves over what is at `path`. Without a
// Commit that succeeded the temporary file is removed, and `path` is as it was.
class NewFile {
 public:
  // kNotFound (no such folder), kInvalidArgument, kUnavailable.
  static StatusOr<NewFile> Create(const std::string& path);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) noexcept;
  ~NewFile();

  // kUnavailable, also when the disk is full.
  Status Write(std::span<const uint8_t> bytes);
  // Waits until the bytes are on disk, and the name too.
  Status Commit();

 private:
  NewFile(std::string path, std::string temporary, int descriptor);
  Status CloseDescriptor();

  std::string path_;
  std::string temporary_;  // empty: nothing to remove
  int descriptor_ = -1;
};

}  // namespace inlay::io

#endif  // INLAY_IO_OS_NEW_FILE_H_
