// A running checksum: FNV-1a over 64-bit little-endian words (Fowler, Noll and
// Vo, with the 64-bit prime), the last one padded with zeros, and the length at
// the end. Finds damage; it is no protection against intent.
#ifndef INLAY_ENGINE_CHECKSUM_H_
#define INLAY_ENGINE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace inlay::engine {

class Checksum {
 public:
  void Add(const uint8_t* data, size_t size) {
    length_ += size;
    while (size > 0) {
      const size_t part = size < 8 - used_ ? size : 8 - used_;
      std::memcpy(word_ + used_, data, part);
      used_ += part;
      data += part;
      size -= part;
      if (used_ == 8) Flush();
    }
  }
  uint64_t value() const {
    Checksum end = *this;
    if (end.used_ > 0) end.Flush();
    end.Mix(length_);
    return end.state_;
  }

 private:
  void Flush() {
    uint64_t word = 0;
    for (size_t i = 0; i < 8; ++i) word |= uint64_t{word_[i]} << (8 * i);
    Mix(word);
    std::memset(word_, 0, sizeof(word_));
    used_ = 0;
  }
  void Mix(uint64_t word) {
    state_ = (state_ ^ word) * 0x100000001b3u;
    // High bits reach the low ones, which FNV alone never lets them.
    state_ ^= state_ >> 32;
  }

  uint64_t state_ = 0xcbf29ce484222325u;
  uint64_t length_ = 0;
  uint8_t word_[8] = {};
  size_t used_ = 0;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_CHECKSUM_H_
