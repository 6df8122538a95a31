// Writes small GGUF files into memory, well-formed or wrong on purpose.
//
//   GgufBuilder builder;
//   builder.U32("llama.block_count", 2).String("general.name", "tiny");
//   builder.Tensor("w", DType id, {columns, rows}, bytes);
//   std::vector<uint8_t> file = builder.Build();
#ifndef INLAY_TESTS_FORMATS_GGUF_BUILDER_H_
#define INLAY_TESTS_FORMATS_GGUF_BUILDER_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace inlay::formats {

// Type numbers of metadata values in the file.
enum GgufValueType : uint32_t {
  kGgufU8 = 0,
  kGgufI8 = 1,
  kGgufU16 = 2,
  kGgufI16 = 3,
  kGgufU32 = 4,
  kGgufI32 = 5,
  kGgufF32 = 6,
  kGgufBool = 7,
  kGgufString = 8,
  kGgufArray = 9,
  kGgufU64 = 10,
  kGgufI64 = 11,
  kGgufF64 = 12,
};

class ByteWriter {
 public:
  template <typename T>
  ByteWriter& Put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    std::array<uint8_t, sizeof(T)> raw;
    std::memcpy(raw.data(), &value, sizeof(T));
    for (const uint8_t byte : raw) bytes_.push_back(byte);
    return *this;
  }
  ByteWriter& PutString(std::string_view text) {
    Put<uint64_t>(text.size());
    for (const char c : text) bytes_.push_back(static_cast<uint8_t>(c));
    return *this;
  }
  ByteWriter& PutBytes(const std::vector<uint8_t>& bytes) {
    for (const uint8_t byte : bytes) bytes_.push_back(byte);
    return *this;
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<uint8_t> bytes_;
};

class GgufBuilder {
 public:
  uint32_t version = 3;
  uint64_t alignment = 32;  // used for layout; stored only by U32()
  // Declared counts; by default what was added.
  int64_t extra_metadata_count = 0;
  int64_t extra_tensor_count = 0;

  // An entry with raw bytes as its value.
  GgufBuilder& Raw(std::string_view key, uint32_t type,
                   const std::vector<uint8_t>& value) {
    metadata_.PutString(key).Put(type).PutBytes(value);
    ++metadata_count_;
    return *this;
  }
  template <typename T>
  GgufBuilder& Scalar(std::string_view key, uint32_t type, T value) {
    return Raw(key, type, ByteWriter().Put(value).bytes());
  }
  GgufBuilder& U32(std::string_view key, uint32_t value) {
    return Scalar(key, kGgufU32, value);
  }
  GgufBuilder& F32(std::string_view key, float value) {
    return Scalar(key, kGgufF32, value);
  }
  GgufBuilder& Bool(std::string_view key, bool value) {
    return Scalar<uint8_t>(key, kGgufBool, value ? 1 : 0);
  }
  GgufBuilder& String(std::string_view key, std::string_view value) {
    return Raw(key, kGgufString, ByteWriter().PutString(value).bytes());
  }
  template <typename T>
  GgufBuilder& Array(std::string_view key, uint32_t type,
                     const std::vector<T>& values) {
    ByteWriter value;
    value.Put(type).Put<uint64_t>(values.size());
    for (const T& element : values) value.Put(element);
    return Raw(key, kGgufArray, value.bytes());
  }
  GgufBuilder& Strings(std::string_view key,
                       const std::vector<std::string>& values) {
    ByteWriter value;
    value.Put<uint32_t>(kGgufString).Put<uint64_t>(values.size());
    for (const std::string& element : values) value.PutString(element);
    return Raw(key, kGgufArray, value.bytes());
  }

  // A tensor whose data follows the one before, aligned. Dimensions as in the
  // file: the contiguous one first. `type` is the number in the file.
  GgufBuilder& Tensor(std::string_view name, uint32_t type,
                      const std::vector<uint64_t>& dimensions,
                      const std::vector<uint8_t>& data) {
    Pad(&data_, alignment);
    const uint64_t offset = data_.bytes().size();
    data_.PutBytes(data);
    return TensorAt(name, type, dimensions, offset);
  }
  GgufBuilder& FloatTensor(std::string_view name,
                           const std::vector<uint64_t>& dimensions,
                           const std::vector<float>& values) {
    ByteWriter data;
    for (const float value : values) data.Put(value);
    return Tensor(name, 0, dimensions, data.bytes());
  }
  // A table entry alone.
  GgufBuilder& TensorAt(std::string_view name, uint32_t type,
                        const std::vector<uint64_t>& dimensions,
                        uint64_t offset) {
    tensors_.PutString(name).Put(static_cast<uint32_t>(dimensions.size()));
    for (const uint64_t dimension : dimensions) tensors_.Put(dimension);
    tensors_.Put(type).Put(offset);
    ++tensor_count_;
    return *this;
  }

  std::vector<uint8_t> Build() const {
    ByteWriter file;
    file.PutBytes({'G', 'G', 'U', 'F'}).Put(version);
    file.Put<uint64_t>(tensor_count_ + extra_tensor_count);
    file.Put<uint64_t>(metadata_count_ + extra_metadata_count);
    file.PutBytes(metadata_.bytes()).PutBytes(tensors_.bytes());
    if (!data_.bytes().empty()) {
      Pad(&file, alignment);
      file.PutBytes(data_.bytes());
    }
    return file.bytes();
  }

 private:
  static void Pad(ByteWriter* writer, uint64_t alignment) {
    while (writer->bytes().size() % alignment != 0) writer->Put<uint8_t>(0);
  }

  ByteWriter metadata_, tensors_, data_;
  uint64_t metadata_count_ = 0;
  uint64_t tensor_count_ = 0;
};

}  // namespace inlay::formats

#endif  // INLAY_TESTS_FORMATS_GGUF_BUILDER_H_
