// Structs that cross the boundary: their sizes may be older or newer than
// ours, so they are copied in and out by the rules of docs/abi.md.
#ifndef INLAY_CAPI_SRC_RECORDS_H_
#define INLAY_CAPI_SRC_RECORDS_H_

#include <inlay/inlay.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "capi/src/outcome.h"

namespace inlay::capi {

// Larger sizes are taken for garbage, which bounds what is read.
inline constexpr uint32_t kMaxStructSize = 1 << 16;

struct StructTable {
  std::string_view name;
  uint32_t size;         // as this library knows it
  uint32_t min_size;     // smaller is an error
  const uint32_t* ends;  // where each field ends, ascending
  uint32_t end_count;
  const uint32_t* reserved;  // offsets of 32-bit fields that must be 0
  uint32_t reserved_count;
};

template <typename T>
struct TableFor;

#include "capi/api/generated/structs.inc"

// Copies `size` bytes of the caller's struct over zeros. Shorter: the rest
// stays zero, but no field may be cut in two; longer: the tail must be zero.
Outcome CopyInBytes(const StructTable& table, const void* input, uint32_t size,
                    void* output) noexcept;

// What the caller can take: `size` cut down to whole fields that we know.
uint32_t OutSize(const StructTable& table, uint32_t size) noexcept;

Outcome CheckSize(const StructTable& table, uint32_t size) noexcept;

inline uint32_t StructSizeOf(const void* record) noexcept {
  uint32_t size = 0;
  std::memcpy(&size, record, sizeof(size));
  return size;
}

template <typename T>
bool Misaligned(const T* pointer) noexcept {
  return reinterpret_cast<uintptr_t>(pointer) % alignof(T) != 0;
}

// Reads a struct of the caller. `input` is not null.
template <typename T>
Outcome CopyIn(const T* input, std::string_view name, T* output) noexcept {
  if (input == nullptr) return Outcome::Invalid(name, "is NULL");
  if (Misaligned(input)) return Outcome::Invalid(name, "is misaligned");
  const StructTable& table = TableFor<T>::kTable;
  INLAY_RETURN_IF_BAD(CopyInBytes(table, input, StructSizeOf(input), output));
  output->struct_size = sizeof(T);
  return {};
}

// The same for an optional struct: null gives all defaults.
template <typename T>
Outcome CopyInOptional(const T* input, std::string_view name,
                       T* output) noexcept {
  if (input != nullptr) return CopyIn(input, name, output);
  std::memset(static_cast<void*>(output), 0, sizeof(T));
  output->struct_size = sizeof(T);
  return {};
}

// Element `index` of an array whose entries are `stride` bytes apart.
template <typename T>
Outcome CopyInElement(const T* array, size_t stride, size_t index,
                      std::string_view name, T* output) noexcept {
  const auto* element = reinterpret_cast<const T*>(
      reinterpret_cast<const char*>(array) + stride * index);
  if (Misaligned(element)) return Outcome::Invalid(name, "is misaligned");
  if (StructSizeOf(element) > stride) {
    return Outcome::Invalid(name, "has a struct_size above the element size");
  }
  return CopyIn(element, name, output);
}

// Checks a struct of the caller that is to be filled.
template <typename T>
Outcome CheckOut(const T* output, std::string_view name) noexcept {
  if (output == nullptr) return Outcome::Invalid(name, "is NULL");
  if (Misaligned(output)) return Outcome::Invalid(name, "is misaligned");
  return CheckSize(TableFor<T>::kTable, StructSizeOf(output));
}

// Fills what the caller's struct can take; `output` passed CheckOut.
template <typename T>
void WriteOutSized(const T& value, uint32_t size, void* output) noexcept {
  const uint32_t written = OutSize(TableFor<T>::kTable, size);
  std::memcpy(output, &value, written);
  std::memcpy(output, &written, sizeof(written));
}

template <typename T>
void WriteOut(const T& value, T* output) noexcept {
  WriteOutSized(value, StructSizeOf(output), output);
}

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_RECORDS_H_
