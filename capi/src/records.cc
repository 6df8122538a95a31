#include "capi/src/records.h"

#include <algorithm>

namespace inlay::capi {

Outcome CheckSize(const StructTable& table, uint32_t size) noexcept {
  if (size < table.min_size) {
    return Outcome::Invalid(table.name, "has a struct_size that is too small");
  }
  if (size > kMaxStructSize) {
    return Outcome::Invalid(table.name, "has an absurd struct_size");
  }
  return {};
}

Outcome CopyInBytes(const StructTable& table, const void* input, uint32_t size,
                    void* output) noexcept {
  INLAY_RETURN_IF_BAD(CheckSize(table, size));
  const auto* bytes = static_cast<const unsigned char*>(input);
  for (uint32_t i = table.size; i < size; ++i) {
    if (bytes[i] != 0) {
      return Outcome::Abi(INLAY_ERR_UNSUPPORTED_FIELD, table.name,
                          "uses a field that this library does not know");
    }
  }
  if (size < table.size &&
      !std::binary_search(table.ends, table.ends + table.end_count, size)) {
    return Outcome::Invalid(table.name,
                            "has a struct_size that cuts a field in two");
  }
  std::memset(output, 0, table.size);
  std::memcpy(output, input, std::min(size, table.size));
  for (uint32_t i = 0; i < table.reserved_count; ++i) {
    uint32_t value = 0;
    std::memcpy(&value, static_cast<char*>(output) + table.reserved[i],
                sizeof(value));
    if (value != 0) {
      return Outcome::Abi(INLAY_ERR_UNSUPPORTED_FIELD, table.name,
                          "has a reserved field that is not 0");
    }
  }
  return {};
}

uint32_t OutSize(const StructTable& table, uint32_t size) noexcept {
  const uint32_t* end = table.ends + table.end_count;
  const uint32_t* above = std::upper_bound(table.ends, end, size);
  return above == table.ends ? 0 : above[-1];
}

}  // namespace inlay::capi
