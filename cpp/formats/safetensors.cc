#include "cpp/formats/safetensors.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"
#include "cpp/base/json.h"
#include "cpp/formats/gguf_reader.h"
#include "cpp/io/byte_reader.h"

namespace inlay::formats {
namespace {

namespace dom = simdjson::dom;

constexpr uint64_t kLengthBytes = 8;

// Wider unsigned integers and booleans are described as the signed ones of
// their size: nothing computes with either.
std::optional<DType> TypeOf(std::string_view name) {
  constexpr struct {
    std::string_view name;
    DType type;
  } kTypes[] = {
      {"F32", DType::kF32},        {"F16", DType::kF16},
      {"BF16", DType::kBF16},      {"F64", DType::kF64},
      {"I8", DType::kI8},          {"I16", DType::kI16},
      {"I32", DType::kI32},        {"I64", DType::kI64},
      {"U8", DType::kU8},          {"BOOL", DType::kI8},
      {"U16", DType::kI16},        {"U32", DType::kI32},
      {"U64", DType::kI64},        {"F8_E4M3", DType::kF8E4M3},
      {"F8_E5M2", DType::kF8E5M2},
  };
  for (const auto& entry : kTypes) {
    if (entry.name == name) return entry.type;
  }
  return std::nullopt;
}

class HeaderReader {
 public:
  HeaderReader(std::string file, uint64_t data_begin, uint64_t data_bytes)
      : file_(std::move(file)),
        data_begin_(data_begin),
        data_bytes_(data_bytes) {}

  Status Read(const json::Value& root, std::vector<TensorInfo>* tensors) {
    dom::object fields;
    INLAY_RETURN_IF_ERROR(root.Get(&fields));
    const size_t first = tensors->size();
    for (const dom::key_value_pair field : fields) {
      if (field.key == "__metadata__") continue;
      if (tensors->size() >= kMaxSafetensorsTensors) {
        return absl::ResourceExhaustedError(absl::StrCat(
            file_, ": more than ", kMaxSafetensorsTensors, " tensors"));
      }
      TensorInfo tensor;
      tensor.name = field.key;
      INLAY_RETURN_IF_ERROR(
          ReadTensor(json::Value(field.value, Called(field.key)), &tensor));
      tensors->push_back(std::move(tensor));
    }
    return CheckCover(
        {tensors->begin() + static_cast<ptrdiff_t>(first), tensors->end()});
  }

 private:
  std::string Called(std::string_view tensor) const {
    return absl::StrCat(file_, ": tensor ", Quoted(tensor));
  }

  Status ReadTensor(const json::Value& entry, TensorInfo* tensor) const {
    std::string_view type_name;
    INLAY_RETURN_IF_ERROR(entry["dtype"].Get(&type_name));
    const std::optional<DType> type = TypeOf(type_name);
    if (!type.has_value()) {
      return absl::UnimplementedError(
          absl::StrCat(entry.path(), " has element type ", Quoted(type_name),
                       ", which is not supported"));
    }
    tensor->type = *type;
    INLAY_RETURN_IF_ERROR(ReadShape(entry["shape"], tensor));
    return ReadRange(entry, tensor);
  }

  // A scalar becomes a vector of one element.
  Status ReadShape(const json::Value& value, TensorInfo* tensor) const {
    dom::array sizes;
    INLAY_RETURN_IF_ERROR(value.Get(&sizes));
    uint64_t elements = 1;
    tensor->rank = 0;
    for (const dom::element element : sizes) {
      int64_t size = 0;
      INLAY_RETURN_IF_ERROR(json::Value(element, value.path()).Get(&size));
      if (tensor->rank == 4) {
        return absl::UnimplementedError(
            absl::StrCat(value.path(), " has more than 4 dimensions"));
      }
      if (size < 1) {
        return absl::InvalidArgumentError(
            absl::StrCat(value.path(), " has a dimension of ", size));
      }
      tensor->shape[static_cast<size_t>(tensor->rank++)] = size;
      if (!CheckedMul(elements, static_cast<uint64_t>(size), &elements) ||
          elements >> 56 != 0) {
        return absl::DataLossError(
            absl::StrCat(value.path(), " has too many elements"));
      }
    }
    if (tensor->rank == 0) {
      tensor->rank = 1;
      tensor->shape[0] = 1;
    }
    // At most 2^56 elements of at most 8 bytes.
    tensor->bytes =
        elements *
        static_cast<uint64_t>(kernels::GetDTypeInfo(tensor->type).block_bytes);
    return OkStatus();
  }

  Status ReadRange(const json::Value& entry, TensorInfo* tensor) const {
    const json::Value value = entry["data_offsets"];
    dom::array pair;
    INLAY_RETURN_IF_ERROR(value.Get(&pair));
    uint64_t ends[2] = {};
    size_t count = 0;
    for (const dom::element element : pair) {
      int64_t offset = 0;
      INLAY_RETURN_IF_ERROR(json::Value(element, value.path()).Get(&offset));
      if (count == 2 || !CheckedCast(offset, &ends[count])) {
        return absl::InvalidArgumentError(
            absl::StrCat(value.path(), " is not a pair of offsets"));
      }
      ++count;
    }
    if (count != 2 || ends[0] > ends[1]) {
      return absl::InvalidArgumentError(
          absl::StrCat(value.path(), " is not a pair of rising offsets"));
    }
    if (ends[1] > data_bytes_) {
      return absl::DataLossError(absl::StrCat(value.path(), " ends at ",
                                              ends[1], ", past the ",
                                              data_bytes_, " bytes of data"));
    }
    if (ends[1] - ends[0] != tensor->bytes) {
      return absl::DataLossError(
          absl::StrCat(value.path(), " spans ", ends[1] - ends[0],
                       " bytes; type and shape", " need ", tensor->bytes));
    }
    tensor->offset = data_begin_ + ends[0];
    return OkStatus();
  }

  // The ranges must cover the data: the format allows neither gaps nor
  // overlaps.
  Status CheckCover(std::vector<TensorInfo> tensors) const {
    std::sort(tensors.begin(), tensors.end(),
              [](const TensorInfo& a, const TensorInfo& b) {
                return a.offset < b.offset;
              });
    uint64_t at = data_begin_;
    for (const TensorInfo& tensor : tensors) {
      if (tensor.offset != at) {
        return absl::DataLossError(absl::StrCat(
            Called(tensor.name), tensor.offset < at
                                     ? " overlaps the one before it"
                                     : " leaves a gap before it"));
      }
      at += tensor.bytes;
    }
    if (at != data_begin_ + data_bytes_) {
      return absl::DataLossError(absl::StrCat(file_, ": ",
                                              data_begin_ + data_bytes_ - at,
                                              " bytes behind the last tensor"));
    }
    return OkStatus();
  }

  const std::string file_;
  const uint64_t data_begin_;
  const uint64_t data_bytes_;
};

}  // namespace

Status ReadSafetensors(const io::Source& source, uint64_t begin, uint64_t size,
                       const std::string& name,
                       std::vector<TensorInfo>* tensors) {
  if (size < kLengthBytes) {
    return absl::DataLossError(
        absl::StrCat(name, " has ", size, " bytes, less than a header"));
  }
  uint8_t raw[kLengthBytes];
  INLAY_RETURN_IF_ERROR(source.ReadAt(begin, raw));
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= uint64_t{raw[i]} << 8 * i;
  if (length > kMaxSafetensorsHeader) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, ": the header says it has ", length,
                     " bytes; the limit is ", kMaxSafetensorsHeader));
  }
  if (length > size - kLengthBytes) {
    return absl::DataLossError(absl::StrCat(name, ": a header of ", length,
                                            " bytes in a file of ", size));
  }
  std::string text(length, '\0');
  INLAY_RETURN_IF_ERROR(
      source.ReadAt(begin + kLengthBytes,
                    {reinterpret_cast<uint8_t*>(text.data()), text.size()}));
  json::Document header;
  INLAY_RETURN_IF_ERROR(header.Parse(text, name));
  const uint64_t data = kLengthBytes + length;
  return HeaderReader(name, begin + data, size - data)
      .Read(json::Root(header, name), tensors);
}

}  // namespace inlay::formats
