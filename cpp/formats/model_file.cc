#include "cpp/formats/model_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"

namespace inlay::formats {
namespace {

Status WrongType(std::string_view key, std::string_view wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat("metadata \"", key, "\" is not ", wanted));
}

// The conversions that Get<T> allows; false if there is none.
template <typename T>
bool Convert(const MetadataValue& value, T* out) {
  const T* same = std::get_if<T>(&value);
  if (same == nullptr) return false;
  *out = *same;
  return true;
}

template <typename T>
bool ConvertInteger(const MetadataValue& value, T* out) {
  if (const auto* v = std::get_if<int64_t>(&value)) {
    return CheckedCast(*v, out);
  }
  if (const auto* v = std::get_if<uint64_t>(&value)) {
    return CheckedCast(*v, out);
  }
  return false;
}

template <>
bool Convert(const MetadataValue& value, int64_t* out) {
  return ConvertInteger(value, out);
}
template <>
bool Convert(const MetadataValue& value, uint64_t* out) {
  return ConvertInteger(value, out);
}
template <>
bool Convert(const MetadataValue& value, double* out) {
  if (const auto* v = std::get_if<double>(&value)) {
    *out = *v;
  } else if (const auto* i = std::get_if<int64_t>(&value)) {
    *out = static_cast<double>(*i);
  } else if (const auto* u = std::get_if<uint64_t>(&value)) {
    *out = static_cast<double>(*u);
  } else {
    return false;
  }
  return true;
}

template <typename T>
constexpr std::string_view kWanted = "";
template <>
constexpr std::string_view kWanted<bool> = "a boolean";
template <>
constexpr std::string_view kWanted<int64_t> = "an integer that fits 64 bits";
template <>
constexpr std::string_view kWanted<uint64_t> = "a non-negative integer";
template <>
constexpr std::string_view kWanted<double> = "a number";
template <>
constexpr std::string_view kWanted<std::string> = "a string";

}  // namespace

int64_t TensorInfo::elements() const {
  int64_t product = 1;
  for (int i = 0; i < rank; ++i) product *= shape[i];
  return product;
}

ModelFile::ModelFile(std::shared_ptr<io::Source> source, std::string format,
                     std::vector<MetadataEntry> metadata,
                     std::vector<TensorInfo> tensors, Naming naming)
    : source_(std::move(source)),
      format_(std::move(format)),
      metadata_(std::move(metadata)),
      tensors_(std::move(tensors)),
      naming_(naming) {
  for (size_t i = 0; i < metadata_.size(); ++i) {
    metadata_index_.emplace(metadata_[i].key, i);
  }
  for (size_t i = 0; i < tensors_.size(); ++i) {
    tensor_index_.emplace(tensors_[i].name, i);
  }
}

const MetadataValue* ModelFile::Find(std::string_view key) const {
  const auto it = metadata_index_.find(key);
  return it == metadata_index_.end() ? nullptr : &metadata_[it->second].value;
}

const TensorInfo* ModelFile::FindTensor(std::string_view name) const {
  const auto it = tensor_index_.find(name);
  return it == tensor_index_.end() ? nullptr : &tensors_[it->second];
}

template <typename T>
StatusOr<std::optional<T>> ModelFile::Get(std::string_view key) const {
  const MetadataValue* value = Find(key);
  if (value == nullptr) return std::optional<T>();
  T result{};
  if (!Convert(*value, &result)) return WrongType(key, kWanted<T>);
  return std::optional<T>(std::move(result));
}

template StatusOr<std::optional<bool>> ModelFile::Get(std::string_view) const;
template StatusOr<std::optional<int64_t>> ModelFile::Get(
    std::string_view) const;
template StatusOr<std::optional<uint64_t>> ModelFile::Get(
    std::string_view) const;
template StatusOr<std::optional<double>> ModelFile::Get(std::string_view) const;
template StatusOr<std::optional<std::string>> ModelFile::Get(
    std::string_view) const;

}  // namespace inlay::formats
