// Writes the metadata of a GGUF v3 file without tensors.
#ifndef INLAY_TESTS_ENGINE_GGUF_BYTES_H_
#define INLAY_TESTS_ENGINE_GGUF_BYTES_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace inlay::engine {

class GgufBytes {
 public:
  void String(std::string_view key, std::string_view value) {
    Key(key, 8);
    Text(value);
  }
  void UInt32(std::string_view key, uint32_t value) {
    Key(key, 4);
    Put(value);
  }
  void Strings(std::string_view key, const std::vector<std::string>& values) {
    Array(key, 8, values.size());
    for (const std::string& value : values) Text(value);
  }
  void Int32s(std::string_view key, const std::vector<int32_t>& values) {
    Array(key, 5, values.size());
    for (int32_t value : values) Put(value);
  }
  void Floats(std::string_view key, const std::vector<float>& values) {
    Array(key, 6, values.size());
    for (float value : values) Put(value);
  }

  std::vector<uint8_t> Build() const {
    GgufBytes file;
    file.bytes_ = {'G', 'G', 'U', 'F'};
    file.Put(uint32_t{3});
    file.Put(uint64_t{0});
    file.Put(count_);
    file.bytes_.insert(file.bytes_.end(), bytes_.begin(), bytes_.end());
    file.bytes_.resize((file.bytes_.size() + 31) / 32 * 32);
    return file.bytes_;
  }

 private:
  template <typename T>
  void Put(T value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  void Text(std::string_view text) {
    Put(uint64_t{text.size()});
    bytes_.insert(bytes_.end(), text.begin(), text.end());
  }
  void Key(std::string_view key, uint32_t type) {
    ++count_;
    Text(key);
    Put(type);
  }
  void Array(std::string_view key, uint32_t type, size_t count) {
    Key(key, 9);
    Put(type);
    Put(uint64_t{count});
  }

  std::vector<uint8_t> bytes_;
  uint64_t count_ = 0;
};

}  // namespace inlay::engine

#endif  // INLAY_TESTS_ENGINE_GGUF_BYTES_H_
