// Arithmetic on integers that come from files or callers.
//
// Every operation reports overflow instead of wrapping. Parsers use only
// these for sizes, counts and offsets.
#ifndef INLAY_BASE_CHECKED_H_
#define INLAY_BASE_CHECKED_H_

#include <cstdint>
#include <limits>
#include <type_traits>

namespace inlay {

// Stores a+b in *out and returns true, or returns false on overflow.
template <typename T>
[[nodiscard]] constexpr bool CheckedAdd(T a, T b, T* out) {
  return !__builtin_add_overflow(a, b, out);
}

// Stores a-b in *out and returns true, or returns false on overflow.
template <typename T>
[[nodiscard]] constexpr bool CheckedSub(T a, T b, T* out) {
  return !__builtin_sub_overflow(a, b, out);
}

// Stores a*b in *out and returns true, or returns false on overflow.
template <typename T>
[[nodiscard]] constexpr bool CheckedMul(T a, T b, T* out) {
  return !__builtin_mul_overflow(a, b, out);
}

// Converts between integer types; false if the value does not fit.
template <typename To, typename From>
[[nodiscard]] constexpr bool CheckedCast(From value, To* out) {
  static_assert(std::is_integral_v<To> && std::is_integral_v<From>);
  return !__builtin_add_overflow(value, From{0}, out);
}

// The smallest multiple of `alignment` (a power of two) that is >= value.
[[nodiscard]] constexpr bool CheckedAlignUp(uint64_t value, uint64_t alignment,
                                            uint64_t* out) {
  uint64_t bumped = 0;
  if (!CheckedAdd<uint64_t>(value, alignment - 1, &bumped)) return false;
  *out = bumped & ~(alignment - 1);
  return true;
}

}  // namespace inlay

#endif  // INLAY_BASE_CHECKED_H_
