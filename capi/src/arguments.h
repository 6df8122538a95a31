// Plain arguments: strings in, buffers out, flags.
#ifndef INLAY_CAPI_SRC_ARGUMENTS_H_
#define INLAY_CAPI_SRC_ARGUMENTS_H_

#include <inlay/inlay.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "capi/src/outcome.h"
#include "cpp/text/utf8.h"

namespace inlay::capi {

#include "capi/api/generated/flags.inc"

// A string of the caller: NULL only with size 0; INLAY_NUL measures it.
inline Outcome ReadText(const char* text, size_t size, std::string_view name,
                        std::string_view* out) noexcept {
  if (text == nullptr && size != 0) return Outcome::Invalid(name, "is NULL");
  if (size == INLAY_NUL) size = std::strlen(text);
  if (size > SIZE_MAX / 2) return Outcome::Invalid(name, "has an absurd size");
  *out = size == 0 ? std::string_view() : std::string_view(text, size);
  return {};
}

inline constexpr size_t kMaxName = 256;

// A name that the caller chooses (a tenant, a cache domain); empty is one too.
inline Outcome ReadName(const char* text, size_t size, std::string_view name,
                        std::string* out) {
  std::string_view view;
  INLAY_RETURN_IF_BAD(ReadText(text, size, name, &view));
  if (view.size() > kMaxName) {
    return Outcome::Abi(INLAY_ERR_OUT_OF_RANGE, name,
                        "is longer than 256 bytes");
  }
  if (text::FindInvalidUtf8(view) != view.npos) {
    return Outcome::Invalid(name, "is not UTF-8");
  }
  *out = std::string(view);
  return {};
}

// An array of the caller: NULL only with count 0.
template <typename T>
Outcome ReadArray(const T* data, size_t count, std::string_view name,
                  std::span<const T>* out) noexcept {
  if (data == nullptr && count != 0) return Outcome::Invalid(name, "is NULL");
  if (count > SIZE_MAX / 2 / sizeof(T)) {
    return Outcome::Invalid(name, "has an absurd count");
  }
  *out = std::span<const T>(data, count);
  return {};
}

inline Outcome CheckFlags(uint64_t flags, uint64_t known,
                          std::string_view name) noexcept {
  if ((flags & ~known) == 0) return {};
  return Outcome::Abi(INLAY_ERR_UNSUPPORTED_FIELD, name,
                      "has a flag that this library does not know");
}

template <typename T>
Outcome CheckPointer(const T* pointer, std::string_view name) noexcept {
  if (pointer == nullptr) return Outcome::Invalid(name, "is NULL");
  return {};
}

// A buffer of the caller for `T`s, with where its size is reported.
template <typename T>
Outcome CheckBuffer(const T* buffer, size_t capacity,
                    const size_t* out_size) noexcept {
  if (out_size == nullptr) return Outcome::Invalid("out size", "is NULL");
  if (buffer == nullptr && capacity != 0) {
    return Outcome::Invalid("buffer", "is NULL");
  }
  return {};
}

// Writes all of `data` (and a terminator, if `terminated`) or nothing, and
// reports its size. NULL with capacity 0 only asks.
template <typename T>
Outcome PutBuffer(std::span<const T> data, bool terminated, T* buffer,
                  size_t capacity, size_t* out_size) noexcept {
  *out_size = data.size();
  if (buffer == nullptr) return {};
  if (capacity < data.size() + (terminated ? 1 : 0)) {
    return Outcome::Abi(INLAY_ERR_BUFFER_TOO_SMALL, "buffer", "is too small");
  }
  if (!data.empty()) std::memcpy(buffer, data.data(), data.size_bytes());
  if (terminated) buffer[data.size()] = T{};
  return {};
}

inline Outcome PutText(std::string_view text, char* buffer, size_t capacity,
                       size_t* out_size) noexcept {
  return PutBuffer<char>({text.data(), text.size()}, true, buffer, capacity,
                         out_size);
}

}  // namespace inlay::capi

#endif  // INLAY_CAPI_SRC_ARGUMENTS_H_
