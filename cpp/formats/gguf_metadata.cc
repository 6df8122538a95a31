// The key-value section of a GGUF file.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cpp/base/hash_map.h"
#include "cpp/formats/gguf_reader.h"

namespace inlay::formats {
namespace {

enum class ValueType : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};
constexpr uint32_t kValueTypes = 13;
// Least bytes of a value in the file: a string has at least its length.
constexpr uint64_t kValueBytes[kValueTypes] = {1, 1, 2,  2, 4, 4, 4,
                                               1, 8, 12, 8, 8, 8};
constexpr uint64_t kLongestKey = 65535;

constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint64_t kLeastAlignment = 8;
constexpr uint64_t kGreatestAlignment = 1 << 20;

// Elements read at a time: memory grows as bytes arrive, whatever the count.
constexpr uint64_t kChunk = 8192;

// Spec: keys are ASCII, at most 2^16 - 1 bytes.
bool ValidKey(std::string_view key) {
  return !key.empty() && key.size() <= kLongestKey &&
         std::all_of(key.begin(), key.end(),
                     [](char c) { return c > 0x20 && c < 0x7f; });
}

Status ReadBool(GgufReader& reader, std::string_view field, bool* out) {
  const uint64_t offset = reader.position();
  uint8_t byte = 0;
  INLAY_RETURN_IF_ERROR(reader.Read(field, &byte));
  if (byte > 1) {
    return GgufError(absl::StatusCode::kDataLoss, field, offset,
                     absl::StrCat("a boolean is 0 or 1, not ", byte));
  }
  *out = byte != 0;
  return OkStatus();
}

template <typename Stored, typename Widened>
Status ReadScalar(GgufReader& reader, std::string_view field,
                  MetadataValue* out) {
  Stored value{};
  INLAY_RETURN_IF_ERROR(reader.Read(field, &value));
  *out = static_cast<Widened>(value);
  return OkStatus();
}

template <typename Stored, typename Widened>
Status ReadNumbers(GgufReader& reader, std::string_view field, uint64_t count,
                   MetadataValue* out) {
  std::vector<Widened> values;
  std::vector<Stored> chunk(std::min(count, kChunk));
  for (uint64_t done = 0; done < count; done += chunk.size()) {
    chunk.resize(std::min(kChunk, count - done));
    INLAY_RETURN_IF_ERROR(
        reader.ReadBytes(field, {reinterpret_cast<uint8_t*>(chunk.data()),
                                 chunk.size() * sizeof(Stored)}));
    values.insert(values.end(), chunk.begin(), chunk.end());
  }
  values.shrink_to_fit();
  *out = std::move(values);
  return OkStatus();
}

// The field of one element, composed only when there is something to say.
Status AtElement(const Status& status, uint64_t index) {
  return Status(status.code(),
                absl::StrCat(status.message(), " (element ", index, ")"));
}

Status ReadBools(GgufReader& reader, std::string_view field, uint64_t count,
                 MetadataValue* out) {
  std::vector<bool> values;
  for (uint64_t i = 0; i < count; ++i) {
    bool value = false;
    Status status = ReadBool(reader, field, &value);
    if (!status.ok()) return AtElement(status, i);
    values.push_back(value);
  }
  *out = std::move(values);
  return OkStatus();
}

Status ReadStrings(GgufReader& reader, std::string_view field, uint64_t count,
                   MetadataValue* out) {
  std::vector<std::string> values;
  for (uint64_t i = 0; i < count; ++i) {
    std::string value;
    Status status = reader.ReadString(field, &value);
    if (!status.ok()) return AtElement(status, i);
    values.push_back(std::move(value));
  }
  values.shrink_to_fit();
  *out = std::move(values);
  return OkStatus();
}

Status ReadType(GgufReader& reader, const std::string& field, ValueType* type) {
  const uint64_t offset = reader.position();
  uint32_t id = 0;
  INLAY_RETURN_IF_ERROR(reader.Read(field, &id));
  if (id >= kValueTypes) {
    return GgufError(absl::StatusCode::kUnimplemented, field, offset,
                     absl::StrCat("unknown value type ", id));
  }
  *type = static_cast<ValueType>(id);
  return OkStatus();
}

Status ReadArray(GgufReader& reader, const std::string& field,
                 MetadataValue* out) {
  const uint64_t type_offset = reader.position();
  ValueType type = ValueType::kArray;
  INLAY_RETURN_IF_ERROR(
      ReadType(reader, absl::StrCat(field, " element type"), &type));
  if (type == ValueType::kArray) {
    return GgufError(absl::StatusCode::kUnimplemented,
                     absl::StrCat(field, " element type"), type_offset,
                     "arrays of arrays are not supported");
  }
  uint64_t count = 0;
  INLAY_RETURN_IF_ERROR(reader.ReadCount(
      absl::StrCat(field, " element count"),
      kValueBytes[static_cast<uint32_t>(type)],
      reader.limits().max_array_elements, "max_array_elements", &count));
  switch (type) {
    case ValueType::kU8:
      return ReadNumbers<uint8_t, uint64_t>(reader, field, count, out);
    case ValueType::kI8:
      return ReadNumbers<int8_t, int64_t>(reader, field, count, out);
    case ValueType::kU16:
      return ReadNumbers<uint16_t, uint64_t>(reader, field, count, out);
    case ValueType::kI16:
      return ReadNumbers<int16_t, int64_t>(reader, field, count, out);
    case ValueType::kU32:
      return ReadNumbers<uint32_t, uint64_t>(reader, field, count, out);
    case ValueType::kI32:
      return ReadNumbers<int32_t, int64_t>(reader, field, count, out);
    case ValueType::kU64:
      return ReadNumbers<uint64_t, uint64_t>(reader, field, count, out);
    case ValueType::kI64:
      return ReadNumbers<int64_t, int64_t>(reader, field, count, out);
    case ValueType::kF32:
      return ReadNumbers<float, double>(reader, field, count, out);
    case ValueType::kF64:
      return ReadNumbers<double, double>(reader, field, count, out);
    case ValueType::kBool:
      return ReadBools(reader, field, count, out);
    case ValueType::kString:
      return ReadStrings(reader, field, count, out);
    case ValueType::kArray:
      break;
  }
  return absl::InternalError("GGUF array type");
}

Status ReadValue(GgufReader& reader, ValueType type, const std::string& field,
                 MetadataValue* out) {
  switch (type) {
    case ValueType::kU8:
      return ReadScalar<uint8_t, uint64_t>(reader, field, out);
    case ValueType::kI8:
      return ReadScalar<int8_t, int64_t>(reader, field, out);
    case ValueType::kU16:
      return ReadScalar<uint16_t, uint64_t>(reader, field, out);
    case ValueType::kI16:
      return ReadScalar<int16_t, int64_t>(reader, field, out);
    case ValueType::kU32:
      return ReadScalar<uint32_t, uint64_t>(reader, field, out);
    case ValueType::kI32:
      return ReadScalar<int32_t, int64_t>(reader, field, out);
    case ValueType::kU64:
      return ReadScalar<uint64_t, uint64_t>(reader, field, out);
    case ValueType::kI64:
      return ReadScalar<int64_t, int64_t>(reader, field, out);
    case ValueType::kF32:
      return ReadScalar<float, double>(reader, field, out);
    case ValueType::kF64:
      return ReadScalar<double, double>(reader, field, out);
    case ValueType::kBool: {
      bool value = false;
      INLAY_RETURN_IF_ERROR(ReadBool(reader, field, &value));
      *out = value;
      return OkStatus();
    }
    case ValueType::kString: {
      std::string value;
      INLAY_RETURN_IF_ERROR(reader.ReadString(field, &value));
      *out = std::move(value);
      return OkStatus();
    }
    case ValueType::kArray:
      return ReadArray(reader, field, out);
  }
  return absl::InternalError("GGUF value type");
}

// Spec: a 32-bit unsigned integer and a multiple of 8; in practice always a
// power of two, and rounding up relies on that.
Status CheckAlignment(const MetadataValue& value, std::string_view field,
                      uint64_t offset, uint64_t* alignment) {
  const auto* number = std::get_if<uint64_t>(&value);
  if (number == nullptr || !std::has_single_bit(*number) ||
      *number < kLeastAlignment || *number > kGreatestAlignment) {
    return GgufError(absl::StatusCode::kDataLoss, field, offset,
                     absl::StrCat("must be an unsigned power of two from ",
                                  kLeastAlignment, " to ", kGreatestAlignment));
  }
  *alignment = *number;
  return OkStatus();
}

}  // namespace

Status ReadGgufMetadata(GgufReader& reader, uint64_t count,
                        std::vector<MetadataEntry>* metadata,
                        uint64_t* alignment) {
  *alignment = kDefaultAlignment;
  HashSet<std::string> seen;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t offset = reader.position();
    const std::string where = absl::StrCat("metadata[", i, "]");
    MetadataEntry entry;
    INLAY_RETURN_IF_ERROR(
        reader.ReadString(absl::StrCat(where, " key"), &entry.key));
    if (!ValidKey(entry.key)) {
      return GgufError(
          absl::StatusCode::kDataLoss, absl::StrCat(where, " key"), offset,
          absl::StrCat(Quoted(entry.key),
                       " is not 1 to 65535 printable ASCII characters"));
    }
    const std::string field = absl::StrCat(where, " ", Quoted(entry.key));
    if (!seen.insert(entry.key).second) {
      return GgufError(absl::StatusCode::kDataLoss, field, offset,
                       "the key appears twice");
    }
    ValueType type = ValueType::kU8;
    INLAY_RETURN_IF_ERROR(
        ReadType(reader, absl::StrCat(field, " value type"), &type));
    const uint64_t value_offset = reader.position();
    INLAY_RETURN_IF_ERROR(ReadValue(reader, type, field, &entry.value));
    if (entry.key == kAlignmentKey) {
      INLAY_RETURN_IF_ERROR(
          CheckAlignment(entry.value, field, value_offset, alignment));
    }
    metadata->push_back(std::move(entry));
  }
  return OkStatus();
}

}  // namespace inlay::formats
