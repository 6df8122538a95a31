// What the call sequences of abi_fuzz are made of: numbers and texts drawn
// from the input, and the check that ends the process.
#ifndef INLAY_TESTS_FUZZ_ABI_BYTES_H_
#define INLAY_TESTS_FUZZ_ABI_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

namespace inlay::abi_fuzz {

inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "abi_fuzz: %s\n", what);
  std::abort();
}

class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ == size_; }
  uint8_t Next() { return at_ < size_ ? data_[at_++] : 0; }
  uint32_t Next32() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | Next();
    return value;
  }
  // An ordinary small number, or an extreme one.
  int32_t Number() {
    const uint8_t kind = Next();
    switch (kind) {
      case 255:
        return std::numeric_limits<int32_t>::max();
      case 254:
        return std::numeric_limits<int32_t>::min();
      case 253:
        return -1;
      case 252:
        return static_cast<int32_t>(Next32());
      default:
        return kind;
    }
  }
  float Float() {
    const uint8_t kind = Next();
    if (kind < 128) return static_cast<float>(kind) / 64;
    if (kind > 250) return 0;
    const uint32_t bits = Next32();
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  std::string Text() {
    std::string text;
    for (uint8_t left = Next() % 40; left > 0; --left) {
      text.push_back(static_cast<char>(Next()));
    }
    return text;
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

}  // namespace inlay::abi_fuzz

#endif  // INLAY_TESTS_FUZZ_ABI_BYTES_H_
