// Sequential, bounded reading of little-endian values from a Source.
#ifndef INLAY_IO_BYTE_READER_H_
#define INLAY_IO_BYTE_READER_H_

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/io/source.h"

namespace inlay::io {

static_assert(std::endian::native == std::endian::little);

// Reads forward through a small buffer. A read that would pass the end of the
// source is kDataLoss, one that would pass `limit` kResourceExhausted; both
// say how much was needed, where, and what is left. One thread at a time. The
// source must outlive this.
class ByteReader {
 public:
  ByteReader(const Source* source, uint64_t limit);

  uint64_t position() const { return position_; }
  // Bytes before the end of the source or the limit.
  uint64_t remaining() const { return end_ - position_; }

  // Says what a read of `bytes` would say, without reading.
  Status Need(uint64_t bytes) const;
  Status Read(std::span<uint8_t> out);
  // Memory grows only as bytes arrive, not by the declared length.
  Status ReadString(uint64_t bytes, std::string* out);

  template <typename T>
  Status ReadValue(T* out) {
    static_assert(std::is_arithmetic_v<T>);
    return Read({reinterpret_cast<uint8_t*>(out), sizeof(T)});
  }

 private:
  Status Refill();

  const Source* const source_;
  const uint64_t end_;
  uint64_t position_ = 0;
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0;  // unread part of buffer_
};

}  // namespace inlay::io

#endif  // INLAY_IO_BYTE_READER_H_
