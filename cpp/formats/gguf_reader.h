// Reading of GGUF primitives with errors that name the field and the offset.
// Private to cpp/formats.
#ifndef INLAY_FORMATS_GGUF_READER_H_
#define INLAY_FORMATS_GGUF_READER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/formats/gguf.h"
#include "cpp/io/byte_reader.h"

namespace inlay::formats {

// A string from the file made safe and short enough for a message.
std::string Quoted(std::string_view text);

// `code` with "GGUF <field> at byte <offset>: <what>".
Status GgufError(absl::StatusCode code, std::string_view field, uint64_t offset,
                 std::string_view what);

class GgufReader {
 public:
  GgufReader(const io::Source* source, const GgufLimits& limits)
      : limits_(limits), bytes_(source, limits.max_header_bytes) {}

  const GgufLimits& limits() const { return limits_; }
  uint64_t position() const { return bytes_.position(); }

  // The next value. `field` says what it is in errors.
  template <typename T>
  Status Read(std::string_view field, T* out) {
    const uint64_t offset = position();
    return Named(bytes_.ReadValue(out), field, offset);
  }
  Status ReadBytes(std::string_view field, std::span<uint8_t> out) {
    const uint64_t offset = position();
    return Named(bytes_.Read(out), field, offset);
  }
  // 64-bit length, then that many bytes.
  Status ReadString(std::string_view field, std::string* out);
  // A count of items of at least `item_bytes` each: refused beyond `limit`
  // (named `limit_name`) or when the rest of the file cannot hold them.
  Status ReadCount(std::string_view field, uint64_t item_bytes, uint64_t limit,
                   std::string_view limit_name, uint64_t* out);

 private:
  static Status Named(Status status, std::string_view field, uint64_t offset) {
    if (status.ok()) return status;
    return GgufError(status.code(), field, offset, status.message());
  }

  const GgufLimits limits_;
  io::ByteReader bytes_;
};

// The parts of a file, in order. Each starts where the one before ended.
// `alignment` is that of the tensor data: the file's, or the default.
Status ReadGgufMetadata(GgufReader& reader, uint64_t count,
                        std::vector<MetadataEntry>* metadata,
                        uint64_t* alignment);
Status ReadGgufTensors(GgufReader& reader, uint64_t count, uint64_t alignment,
                       uint64_t file_size, std::vector<TensorInfo>* tensors);

}  // namespace inlay::formats

#endif  // INLAY_FORMATS_GGUF_READER_H_
