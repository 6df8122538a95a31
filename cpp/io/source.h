// Random-access bytes: a file, memory, a descriptor, or the host's reader.
#ifndef INLAY_IO_SOURCE_H_
#define INLAY_IO_SOURCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay::io {

class Folder;

// Thread-safe: any number of threads may read at once. The size is fixed when
// the source is opened; a file that shrinks later makes ReadAt fail with
// kDataLoss (and mapped access is only offered for regular files).
class Source {
 public:
  virtual ~Source() = default;
  virtual uint64_t size() const = 0;
  // Fills `out` from `offset`; kDataLoss past the end, kUnavailable on an
  // operating-system error.
  virtual Status ReadAt(uint64_t offset, std::span<uint8_t> out) const = 0;
  // All bytes as one read-only block, or an empty span if this source has no
  // such view. Valid for the life of the source.
  virtual std::span<const uint8_t> Mapped() const { return {}; }
  // Tells the system that these mapped bytes will not be read again soon.
  virtual void Discard(uint64_t /*offset*/, uint64_t /*bytes*/) const {}
  // A folder of files that this stands for; then it has no bytes itself.
  virtual const Folder* folder() const { return nullptr; }
  // For error messages: the path, or what stands for it.
  virtual std::string_view name() const = 0;
};

// When one of these fails, `release` has not run and will not.

// Opens a regular file, mapped when `map`. kNotFound, kUnavailable,
// kInvalidArgument (directory, pipe). The path is UTF-8. ReadAt never touches
// the mapping, so it stays safe when the file is cut while it is in use.
StatusOr<std::shared_ptr<Source>> OpenFile(const std::string& path, bool map);
// Duplicates `descriptor`; the caller keeps its own. `size` 0: to the end.
// The descriptor's file position is neither used nor moved.
StatusOr<std::shared_ptr<Source>> OpenDescriptor(int descriptor,
                                                 uint64_t offset, uint64_t size,
                                                 bool map);
// Does not copy. `release` runs once when the last user is gone.
StatusOr<std::shared_ptr<Source>> OpenMemory(std::span<const uint8_t> bytes,
                                             std::function<void()> release);
// The host's reader: fills out from offset. Calls may come from any thread,
// but never two at once.
using HostRead = std::function<Status(uint64_t offset, std::span<uint8_t> out)>;
StatusOr<std::shared_ptr<Source>> OpenReader(uint64_t size, HostRead read,
                                             std::function<void()> release);

}  // namespace inlay::io

#endif  // INLAY_IO_SOURCE_H_
