#include "cpp/base/checked.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "gtest/gtest.h"

namespace inlay {
namespace {

template <typename T>
constexpr T kMin = std::numeric_limits<T>::min();
template <typename T>
constexpr T kMax = std::numeric_limits<T>::max();

template <typename T>
std::optional<T> Add(T a, T b) {
  T out{};
  return CheckedAdd(a, b, &out) ? std::optional<T>(out) : std::nullopt;
}
template <typename T>
std::optional<T> Sub(T a, T b) {
  T out{};
  return CheckedSub(a, b, &out) ? std::optional<T>(out) : std::nullopt;
}
template <typename T>
std::optional<T> Mul(T a, T b) {
  T out{};
  return CheckedMul(a, b, &out) ? std::optional<T>(out) : std::nullopt;
}
template <typename To, typename From>
std::optional<To> Cast(From value) {
  To out{};
  return CheckedCast(value, &out) ? std::optional<To>(out) : std::nullopt;
}
std::optional<uint64_t> AlignUp(uint64_t value, uint64_t alignment) {
  uint64_t out = 0;
  return CheckedAlignUp(value, alignment, &out) ? std::optional<uint64_t>(out)
                                                : std::nullopt;
}

// `exact` if it is a T, else nothing.
template <typename T>
std::optional<T> IfFits(int exact) {
  if (exact < kMin<T> || exact > kMax<T>) return std::nullopt;
  return static_cast<T>(exact);
}

// Every pair of a small type, against arithmetic in a wide one.
template <typename T>
void CheckEveryPair() {
  for (int a = kMin<T>; a <= kMax<T>; ++a) {
    for (int b = kMin<T>; b <= kMax<T>; ++b) {
      const T x = static_cast<T>(a), y = static_cast<T>(b);
      ASSERT_EQ(Add(x, y), IfFits<T>(a + b)) << a << " + " << b;
      ASSERT_EQ(Sub(x, y), IfFits<T>(a - b)) << a << " - " << b;
      ASSERT_EQ(Mul(x, y), IfFits<T>(a * b)) << a << " * " << b;
    }
  }
}

TEST(Checked, EveryPairOfBytes) {
  CheckEveryPair<uint8_t>();
  CheckEveryPair<int8_t>();
}

TEST(Checked, EdgesOfWideTypes) {
  EXPECT_EQ(Add<uint64_t>(kMax<uint64_t>, 0), kMax<uint64_t>);
  EXPECT_EQ(Add<uint64_t>(kMax<uint64_t>, 1), std::nullopt);
  EXPECT_EQ(Add<int64_t>(kMin<int64_t>, -1), std::nullopt);
  EXPECT_EQ(Sub<uint64_t>(0, 1), std::nullopt);
  EXPECT_EQ(Sub<int64_t>(kMin<int64_t>, 1), std::nullopt);
  EXPECT_EQ(Sub<int64_t>(-1, kMax<int64_t>), kMin<int64_t>);
  EXPECT_EQ(Mul<uint64_t>(uint64_t{1} << 32, uint64_t{1} << 31),
            uint64_t{1} << 63);
  EXPECT_EQ(Mul<uint64_t>(uint64_t{1} << 32, uint64_t{1} << 32), std::nullopt);
  EXPECT_EQ(Mul<int64_t>(kMin<int64_t>, -1), std::nullopt);
  EXPECT_EQ(Mul<int64_t>(0, kMin<int64_t>), 0);
}

// Every value of the source, to types that it fits or not.
template <typename To, typename From>
void CheckEveryCast() {
  for (int value = kMin<From>; value <= kMax<From>; ++value) {
    ASSERT_EQ((Cast<To>(static_cast<From>(value))), IfFits<To>(value)) << value;
  }
}

TEST(Checked, EveryCastOfSmallTypes) {
  CheckEveryCast<uint8_t, int8_t>();
  CheckEveryCast<int8_t, uint8_t>();
  CheckEveryCast<uint8_t, int16_t>();
  CheckEveryCast<int8_t, uint16_t>();
  CheckEveryCast<uint16_t, int8_t>();
  CheckEveryCast<int16_t, uint16_t>();
}

TEST(Checked, CastsOfWideTypes) {
  EXPECT_EQ(Cast<int64_t>(kMax<uint64_t>), std::nullopt);
  EXPECT_EQ(Cast<int64_t>(uint64_t{1} << 63), std::nullopt);
  EXPECT_EQ(Cast<int64_t>((uint64_t{1} << 63) - 1), kMax<int64_t>);
  EXPECT_EQ(Cast<uint64_t>(int64_t{-1}), std::nullopt);
  EXPECT_EQ(Cast<uint64_t>(kMax<int64_t>), uint64_t{kMax<int64_t>});
  EXPECT_EQ(Cast<int32_t>(int64_t{1} << 31), std::nullopt);
  EXPECT_EQ(Cast<int32_t>(-(int64_t{1} << 31)), kMin<int32_t>);
  EXPECT_EQ(Cast<uint32_t>(uint64_t{1} << 32), std::nullopt);
  EXPECT_EQ(Cast<size_t>(int32_t{-1}), std::nullopt);
}

TEST(Checked, AlignUp) {
  for (uint64_t alignment = 1; alignment <= 64; alignment *= 2) {
    for (uint64_t value = 0; value <= 200; ++value) {
      uint64_t expected = value;
      while (expected % alignment != 0) ++expected;
      ASSERT_EQ(AlignUp(value, alignment), expected)
          << value << " to " << alignment;
    }
  }
  constexpr uint64_t kPage = 4096, kLastPage = ~uint64_t{0} - (kPage - 1);
  EXPECT_EQ(AlignUp(kLastPage, kPage), kLastPage);
  EXPECT_EQ(AlignUp(kLastPage - 1, kPage), kLastPage);
  EXPECT_EQ(AlignUp(kLastPage + 1, kPage), std::nullopt);
  EXPECT_EQ(AlignUp(kMax<uint64_t>, kPage), std::nullopt);
  EXPECT_EQ(AlignUp(kMax<uint64_t>, 1), kMax<uint64_t>);
  EXPECT_EQ(AlignUp(1, uint64_t{1} << 63), uint64_t{1} << 63);
}

TEST(Checked, IsUsableAtCompileTime) {
  constexpr auto kSum = [] {
    uint32_t out = 0;
    return CheckedAdd<uint32_t>(40, 2, &out) ? out : 0;
  }();
  static_assert(kSum == 42);
}

}  // namespace
}  // namespace inlay
