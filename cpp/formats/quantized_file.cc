#include "cpp/formats/quantized_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp/formats/gguf_reader.h"
#include "kernels/common/half.h"

namespace inlay::formats {
namespace {

std::string ShapeText(const TensorInfo& tensor) {
  std::string text = "[";
  for (int i = 0; i < tensor.rank; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ",
                    tensor.shape[static_cast<size_t>(i)]);
  }
  return text + "]";
}

}  // namespace

StatusOr<int64_t> QuantizedFile::Integer(std::string_view key) const {
  INLAY_ASSIGN_OR_RETURN(const auto value, file_->Get<int64_t>(Key(key)));
  if (value.has_value()) return *value;
  return absl::InvalidArgumentError(
      absl::StrCat("config.json key ", Key(key), " is missing"));
}

StatusOr<std::string> QuantizedFile::Text(std::string_view key,
                                          std::string absent) const {
  INLAY_ASSIGN_OR_RETURN(auto value, file_->Get<std::string>(Key(key)));
  return value.has_value() ? *std::move(value) : std::move(absent);
}

StatusOr<bool> QuantizedFile::Flag(std::string_view key, bool absent) const {
  INLAY_ASSIGN_OR_RETURN(const auto value, file_->Get<bool>(Key(key)));
  return value.value_or(absent);
}

bool QuantizedFile::HasBelow(std::string_view key) const {
  const std::string begin = Key(key);
  return std::any_of(file_->metadata().begin(), file_->metadata().end(),
                     [&begin](const MetadataEntry& entry) {
                       return absl::StartsWith(entry.key, begin);
                     });
}

Status QuantizedFile::Unsupported(std::string_view key,
                                  std::string_view value) const {
  return absl::UnimplementedError(
      absl::StrCat("config.json key ", Key(key), " = ",
                   Quoted(value.substr(0, 100)), " is not supported"));
}

std::optional<DType> QuantizedFile::ModelType() const {
  for (const char* key : {"dtype", "torch_dtype"}) {
    const MetadataValue* value = file_->Find(key);
    const auto* name =
        value == nullptr ? nullptr : std::get_if<std::string>(value);
    if (name == nullptr) continue;
    if (*name == "bfloat16") return DType::kBF16;
    if (*name == "float16") return DType::kF16;
    if (*name == "float32") return DType::kF32;
  }
  return std::nullopt;
}

std::vector<std::string> QuantizedFile::Modules(std::string_view suffix) const {
  std::vector<std::string> modules;
  for (const TensorInfo& tensor : file_->tensors()) {
    if (absl::EndsWith(tensor.name, suffix)) {
      modules.push_back(
          tensor.name.substr(0, tensor.name.size() - suffix.size()));
    }
  }
  return modules;
}

StatusOr<const TensorInfo*> QuantizedFile::Need(
    const std::string& module, std::string_view suffix,
    const TensorInfo& needed_by) const {
  const TensorInfo* tensor = Find(module, suffix);
  if (tensor != nullptr) return tensor;
  return absl::InvalidArgumentError(
      absl::StrCat("tensor ", Quoted(absl::StrCat(module, suffix)),
                   " is missing; ", Quoted(needed_by.name), " needs it"));
}

Status QuantizedFile::Make(std::string name, DType type,
                           const std::vector<int64_t>& shape,
                           std::shared_ptr<const TensorDecoder> decoder,
                           const std::vector<const TensorInfo*>& from) {
  TensorInfo made;
  made.name = std::move(name);
  made.type = type;
  for (const int64_t size : shape) {
    made.shape[static_cast<size_t>(made.rank++)] = size;
  }
  uint64_t stored = 0;
  bool replaces = false;
  for (const TensorInfo* tensor : from) {
    if (tensor == nullptr) continue;
    stored += tensor->bytes;
    used_.insert(tensor->name);
    if (tensor->name == made.name) {
      replaces = true;
    } else {
      made_.Drop(tensor->name);
    }
  }
  if (!replaces && file_->FindTensor(made.name) != nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor ", Quoted(made.name),
                     " is there as it is and quantised as well"));
  }
  const auto& info = kernels::GetDTypeInfo(type);
  if (info.block_elements > 1) {
    ++expansion_.kept;
  } else {
    ++expansion_.expanded;
    expansion_.stored_bytes += stored;
    // No more than MadeTensors accepts.
    expansion_.expanded_bytes += static_cast<uint64_t>(made.elements()) *
                                 static_cast<uint64_t>(info.block_bytes);
  }
  return made_.Add(std::move(made), std::move(decoder));
}

void QuantizedFile::DropAll(std::initializer_list<std::string_view> suffixes) {
  for (const TensorInfo& tensor : file_->tensors()) {
    for (const std::string_view suffix : suffixes) {
      if (absl::EndsWith(tensor.name, suffix)) made_.Drop(tensor.name);
    }
  }
}

Status QuantizedFile::CheckAllUsed(
    std::initializer_list<std::string_view> suffixes) const {
  for (const TensorInfo& tensor : file_->tensors()) {
    for (const std::string_view suffix : suffixes) {
      if (absl::EndsWith(tensor.name, suffix) && !used_.contains(tensor.name)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "tensor ", Quoted(tensor.name), " belongs to no quantised weight"));
      }
    }
  }
  return OkStatus();
}

std::shared_ptr<const ModelFile> QuantizedFile::Finish(
    Expansion* expansion) && {
  *expansion = std::move(expansion_);
  return std::move(made_).Finish();
}

Status WrongTensor(const TensorInfo& tensor, std::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("tensor ", Quoted(tensor.name), " ", what));
}

Status CheckType(const TensorInfo& tensor, std::initializer_list<DType> types) {
  std::string wanted;
  for (const DType type : types) {
    if (tensor.type == type) return OkStatus();
    absl::StrAppend(&wanted, wanted.empty() ? "" : " or ",
                    kernels::GetDTypeInfo(type).name);
  }
  return WrongTensor(
      tensor, absl::StrCat("has type ", kernels::GetDTypeInfo(tensor.type).name,
                           ", not ", wanted));
}

Status CheckShape(const TensorInfo& tensor,
                  std::initializer_list<int64_t> shape) {
  if (static_cast<size_t>(tensor.rank) == shape.size() &&
      std::equal(shape.begin(), shape.end(), tensor.shape.begin())) {
    return OkStatus();
  }
  std::string wanted;
  for (const int64_t size : shape) {
    absl::StrAppend(&wanted, wanted.empty() ? "" : ", ", size);
  }
  return WrongTensor(tensor, absl::StrCat("has shape ", ShapeText(tensor),
                                          ", not [", wanted, "]"));
}

Status CheckMatrix(const TensorInfo& tensor) {
  if (tensor.rank == 2 && tensor.shape[0] <= kMaxQuantizedColumns &&
      tensor.shape[1] <= kMaxQuantizedColumns) {
    return OkStatus();
  }
  return WrongTensor(tensor,
                     absl::StrCat("has shape ", ShapeText(tensor),
                                  ", which no quantised matrix of at most ",
                                  kMaxQuantizedColumns, " columns has"));
}

Status CheckFloats(const TensorInfo& tensor) {
  return CheckType(tensor, {DType::kF32, DType::kF16, DType::kBF16});
}

StatusOr<std::vector<uint8_t>> ReadTensor(const io::Source& source,
                                          const TensorInfo& tensor,
                                          uint64_t limit) {
  if (tensor.bytes > limit) {
    return absl::ResourceExhaustedError(
        absl::StrCat("tensor ", Quoted(tensor.name), " has ", tensor.bytes,
                     " bytes; the limit is ", limit));
  }
  std::vector<uint8_t> bytes(tensor.bytes);
  INLAY_RETURN_IF_ERROR(source.ReadAt(tensor.offset, bytes));
  return bytes;
}

void StoreFloats(DType type, std::span<const float> values, uint8_t* out) {
  if (type == DType::kF32) {
    std::memcpy(out, values.data(), values.size_bytes());
    return;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t rounded = type == DType::kF16
                                 ? kernels::FloatToHalf(values[i])
                                 : kernels::FloatToBfloat16(values[i]);
    std::memcpy(out + i * sizeof(rounded), &rounded, sizeof(rounded));
  }
}

Status PartReader::Read(uint64_t offset, uint64_t lines, uint64_t stride,
                        uint64_t bytes, uint8_t* out) const {
  if (stride == bytes) {
    bytes *= lines;
    lines = 1;
  }
  for (uint64_t line = 0; line < lines; ++line) {
    const uint64_t at = offset + line * stride;
    if (mapped_.empty()) {
      INLAY_RETURN_IF_ERROR(source_->ReadAt(at, {out, bytes}));
    } else if (at > mapped_.size() || bytes > mapped_.size() - at) {
      return absl::DataLossError("a read past the end of the file");
    } else {
      std::memcpy(out, mapped_.data() + at, bytes);
    }
    out += bytes;
  }
  return OkStatus();
}

}  // namespace inlay::formats
