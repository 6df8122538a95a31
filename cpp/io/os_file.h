// The operating system's files: the only part of this folder that differs
// between systems.
#ifndef INLAY_IO_OS_FILE_H_
#define INLAY_IO_OS_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::io {

class OsFile;

// A read-only mapping of part of a file, or of several files; unmapped on
// destruction.
class OsMapping {
 public:
  OsMapping() = default;
  OsMapping(OsMapping&& other) noexcept;
  OsMapping& operator=(OsMapping&& other) noexcept;
  ~OsMapping();

  std::span<const uint8_t> bytes() const { return bytes_; }
  // Drops resident pages that lie wholly in the range; they are read again
  // from the file when touched.
  void Discard(uint64_t offset, uint64_t bytes) const;

  // Maps whole files, one behind the other from page to page; *offsets says
  // where. What lies between reads as zeros.
  static StatusOr<OsMapping> Join(std::span<const OsFile* const> files,
                                  std::string_view name,
                                  std::vector<uint64_t>* offsets);

 private:
  friend class OsFile;
  void* base_ = nullptr;  // page-aligned, at or before bytes_
  uint64_t length_ = 0;   // of the mapping from base_
  std::span<const uint8_t> bytes_;
};

// An open regular file; closed on destruction.
class OsFile {
 public:
  // kNotFound, kUnavailable, kInvalidArgument (not a regular file).
  static StatusOr<OsFile> Open(const std::string& path);
  static StatusOr<OsFile> Duplicate(int descriptor);
  // The entry `name` of an open folder; follows no link. `full` is for errors.
  static StatusOr<OsFile> OpenIn(int folder, const std::string& name,
                                 std::string_view full);

  OsFile(OsFile&& other) noexcept;
  OsFile& operator=(OsFile&& other) noexcept;
  ~OsFile();

  // Bytes in the file when it was opened.
  uint64_t size() const { return size_; }
  // Fills `out`; kDataLoss if the file ends first.
  Status ReadAt(uint64_t offset, std::span<uint8_t> out,
                std::string_view name) const;
  // `bytes` > 0, and the range lies in the file.
  StatusOr<OsMapping> Map(uint64_t offset, uint64_t bytes,
                          std::string_view name) const;

 private:
  friend class OsMapping;
  OsFile(int descriptor, uint64_t size)
      : descriptor_(descriptor), size_(size) {}
  // Takes the descriptor over, also when it fails.
  static StatusOr<OsFile> Adopt(int descriptor, std::string_view name);

  int descriptor_ = -1;
  uint64_t size_ = 0;
};

}  // namespace inlay::io

#endif  // INLAY_IO_OS_FILE_H_
