// The software model of the tiles against the Intel SDM's words: products
// worked out by hand, the operation sections written again in plain C++, and
// every fault.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/common/half.h"
#include "kernels/cpu/isa.h"
#include "tests/kernels/amx_on_model.h"
#include "tests/kernels/linear_problem.h"

#if defined(__x86_64__)
#include <xmmintrin.h>

namespace inlay::kernels::cpu {
namespace {

using internal::TileConfig;
using internal::TileFault;

class AmxModelTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!IsaSupported(Isa::kAvx512Bf16)) GTEST_SKIP() << "needs AVX-512 BF16";
  }
};

// m x n = m x k times k x n, in 32-bit columns.
TileConfig Shapes(int m, int k, int n) {
  TileConfig config;
  config.Set(0, m, 4 * n);
  config.Set(1, m, 4 * k);
  config.Set(2, k, 4 * n);
  return config;
}

std::vector<uint32_t> Product(int m, int k, int n, std::vector<uint32_t> c,
                              const std::vector<uint32_t>& a,
                              const std::vector<uint32_t>& b, bool bf16) {
  TileModel tiles;
  tiles.Configure(Shapes(m, k, n));
  tiles.Load(0, c.data(), static_cast<size_t>(4 * n));
  tiles.Load(1, a.data(), static_cast<size_t>(4 * k));
  tiles.Load(2, b.data(), static_cast<size_t>(4 * n));
  bf16 ? tiles.DotBf16(0, 1, 2) : tiles.DotInt8(0, 1, 2);
  tiles.Store(0, c.data(), static_cast<size_t>(4 * n));
  EXPECT_EQ(tiles.fault(), TileFault::kNone);
  return c;
}

uint32_t Bits(float x) { return std::bit_cast<uint32_t>(x); }
uint32_t Halves(float even, float odd) {
  return FloatToBfloat16(even) | uint32_t{FloatToBfloat16(odd)} << 16;
}

// One output of pairs (even, odd) of A and B.
float Dot(float c, const std::vector<std::pair<float, float>>& a,
          const std::vector<std::pair<float, float>>& b) {
  std::vector<uint32_t> x, w;
  for (auto [even, odd] : a) x.push_back(Halves(even, odd));
  for (auto [even, odd] : b) w.push_back(Halves(even, odd));
  const int k = static_cast<int>(a.size());
  return std::bit_cast<float>(Product(1, k, 1, {Bits(c)}, x, w, true)[0]);
}

TEST_F(AmxModelTest, PairsByHand) {
  EXPECT_EQ(Dot(0.25f, {{1.5f, 2.0f}}, {{3.0f, -0.5f}}), 3.75f);
  // Even columns: 2^24, and 1 that is lost. Odd: 1 - 2^24, exact. One sum in
  // the order of columns would give 0.
  EXPECT_EQ(Dot(0, {{0x1p12f, 1.0f}, {1.0f, -0x1p12f}},
                {{0x1p12f, 1.0f}, {1.0f, 0x1p12f}}),
            1.0f);
  // The pairs meet before C is added: (1 + 2^-24) would be lost one by one.
  EXPECT_EQ(Dot(1.0f, {{0x1p-24f, 0x1p-24f}}, {{1.0f, 1.0f}}), 1.0f + 0x1p-23f);
  // Products are not rounded before they are added.
  EXPECT_EQ(Dot(0, {{1.0078125f, 0.0f}, {-1.0f, 0.0f}},
                {{1.0078125f, 0.0f}, {1.015625f, 0.0f}}),
            0x1p-14f);
}

TEST_F(AmxModelTest, DenormalsAreZero) {
  const float least = 0x1p-126f;
  EXPECT_EQ(Dot(0, {{0x1p-130f, 0}}, {{0x1p100f, 0}}), 0.0f);
  EXPECT_EQ(Dot(0, {{0x1p-100f, 0}}, {{0x1p-30f, 0}}), 0.0f);
  EXPECT_EQ(Dot(0x1p-130f, {{0, 0}}, {{0, 0}}), 0.0f);
  // The difference of two normal numbers is below the least of them.
  EXPECT_EQ(Dot(-least, {{1.5f, 0}}, {{least, 0}}), 0.0f);
  EXPECT_EQ(Dot(least, {{1.0f, 0}}, {{least, 0}}), 2 * least);
}

TEST_F(AmxModelTest, NeitherFollowsNorChangesTheMode) {
  constexpr unsigned kUpward = 0x5f80;
  const unsigned saved = _mm_getcsr();
  _mm_setcsr(kUpward);
  const float y = Dot(1.0f, {{0x1p-30f, 0}}, {{1.0f, 0}});
  const unsigned after = _mm_getcsr();
  _mm_setcsr(saved);
  EXPECT_EQ(y, 1.0f);
  EXPECT_EQ(after, kUpward);
}

TEST_F(AmxModelTest, InfinitiesAndNaN) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Dot(0, {{infinity, 1}}, {{2, 1}}), infinity);
  EXPECT_TRUE(std::isnan(Dot(0, {{infinity, 1}}, {{0, 1}})));
  EXPECT_TRUE(std::isnan(Dot(0, {{infinity, infinity}}, {{1, -1}})));
}

TEST_F(AmxModelTest, BytesByHand) {
  // A signed, B not.
  EXPECT_EQ(Product(1, 1, 1, {10}, {0x80ff7f01}, {0xff02ff03}, false)[0],
            static_cast<uint32_t>(10 + 3 + 127 * 255 - 2 - 128 * 255));
  const std::vector<uint32_t> low(16, 0x80808080), high(16, 0xffffffff);
  EXPECT_EQ(Product(1, 16, 1, {0}, low, high, false)[0],
            static_cast<uint32_t>(-128 * 255 * 64));
  // Wraps.
  EXPECT_EQ(Product(1, 1, 1, {0x80000000}, {0x000000ff}, {1}, false)[0],
            0x7fffffffu);
}

float Flush(float x) { return std::fabs(x) < 0x1p-126f ? 0.0f * x : x; }

// TDPBF16PS as the SDM writes it.
void Sdm(int m, int k, int n, std::vector<uint32_t>& c,
         const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  const auto half = [](uint32_t pair, int i) {
    return Flush(Bfloat16ToFloat(static_cast<uint16_t>(pair >> 16 * i)));
  };
  for (int r = 0; r < m; ++r) {
    std::vector<float> temp(static_cast<size_t>(2 * n), 0.0f);
    for (int i = 0; i < k; ++i) {
      for (int o = 0; o < 2 * n; ++o) {
        float& t = temp[static_cast<size_t>(o)];
        t = Flush(std::fma(half(a[static_cast<size_t>(r * k + i)], o % 2),
                           half(b[static_cast<size_t>(i * n + o / 2)], o % 2),
                           t));
      }
    }
    for (int o = 0; o < n; ++o) {
      uint32_t& to = c[static_cast<size_t>(r * n + o)];
      const float pair = Flush(temp[static_cast<size_t>(2 * o)] +
                               temp[static_cast<size_t>(2 * o + 1)]);
      to = Bits(Flush(Flush(std::bit_cast<float>(to)) + pair));
    }
  }
}

TEST_F(AmxModelTest, PairsOfRandomShapes) {
  std::mt19937 random(3);
  const auto words = [&](int count, bool floats) {
    std::vector<uint32_t> v(static_cast<size_t>(count));
    for (uint32_t& w : v) {
      // Exponents around 1, and around the least.
      const uint32_t base = random() % 4 == 0 ? 0x20002000u : 0x3f003f00u;
      w = base + (static_cast<uint32_t>(random()) &
                  (floats ? 0x807fffffu : 0x80ff80ffu));
    }
    return v;
  };
  for (int round = 0; round < 200; ++round) {
    const int m = 1 + static_cast<int>(random() % 16);
    const int k = 1 + static_cast<int>(random() % 16);
    const int n = 1 + static_cast<int>(random() % 16);
    const std::vector<uint32_t> a = words(m * k, false);
    const std::vector<uint32_t> b = words(k * n, false);
    std::vector<uint32_t> c = words(m * n, true);
    const std::vector<uint32_t> y = Product(m, k, n, c, a, b, true);
    Sdm(m, k, n, c, a, b);
    ASSERT_EQ(y, c) << m << " " << k << " " << n;
  }
}

// A tile touches the bytes of its shape and no others.
TEST_F(AmxModelTest, ReadsAndWritesItsShapeOnly) {
  TileModel tiles;
  TileConfig config;
  config.Set(3, 5, 20);
  tiles.Configure(config);
  Guarded from(4 * 100 + 20), to(4 * 100 + 20);
  std::memset(from.data(), 7, from.size());
  std::memset(to.data(), 1, to.size());
  tiles.Load(3, from.data(), 100);
  tiles.Store(3, to.data(), 100);
  for (size_t i = 0; i < to.size(); ++i) {
    ASSERT_EQ(to.data()[i], i % 100 < 20 ? 7 : 1) << i;
  }
  tiles.Zero(3);
  tiles.Store(3, to.data(), 100);
  EXPECT_EQ(to.data()[19], 0);
  EXPECT_EQ(to.data()[20], 1);
  EXPECT_EQ(tiles.fault(), TileFault::kNone);
}

TileFault FaultOf(const TileConfig& config,
                  const std::function<void(TileModel&)>& use = {}) {
  TileModel tiles;
  tiles.Configure(config);
  if (use) use(tiles);
  return tiles.fault();
}

TEST_F(AmxModelTest, RefusesBadConfigurations) {
  const auto with = [](const std::function<void(TileConfig&)>& change) {
    TileConfig config = Shapes(2, 3, 4);
    change(config);
    return FaultOf(config);
  };
  EXPECT_EQ(with([](TileConfig&) {}), TileFault::kNone);
  EXPECT_EQ(with([](TileConfig& c) { c.palette = 2; }), TileFault::kConfig);
  EXPECT_EQ(with([](TileConfig& c) { c.reserved[13] = 1; }),
            TileFault::kConfig);
  EXPECT_EQ(with([](TileConfig& c) { c.Set(0, 17, 64); }), TileFault::kConfig);
  EXPECT_EQ(with([](TileConfig& c) { c.Set(0, 16, 65); }), TileFault::kConfig);
  EXPECT_EQ(with([](TileConfig& c) { c.Set(7, 1, 0); }), TileFault::kConfig);
  EXPECT_EQ(with([](TileConfig& c) { c.Set(7, 0, 4); }), TileFault::kConfig);
  EXPECT_EQ(with([](TileConfig& c) { c.Set(8, 1, 4); }), TileFault::kConfig);
}

TEST_F(AmxModelTest, RefusesMisuse) {
  const TileConfig good = Shapes(2, 3, 4);
  uint8_t memory[1024] = {};
  EXPECT_EQ(FaultOf(good, [](TileModel& t) { t.DotBf16(0, 1, 2); }),
            TileFault::kNone);
  EXPECT_EQ(FaultOf(good, [&](TileModel& t) { t.Load(5, memory, 64); }),
            TileFault::kInvalidTile);
  EXPECT_EQ(FaultOf(good,
                    [&](TileModel& t) {
                      t.Release();
                      t.Load(0, memory, 64);
                    }),
            TileFault::kNotConfigured);
  EXPECT_EQ(FaultOf(good, [](TileModel& t) { t.DotInt8(0, 1, 1); }),
            TileFault::kSameTile);
  EXPECT_EQ(FaultOf(good, [](TileModel& t) { t.DotInt8(0, 2, 1); }),
            TileFault::kShape);
  for (int tile : {0, 1, 2}) {
    for (bool rows : {false, true}) {
      TileConfig bad = good;
      bad.Set(tile, bad.rows[tile] + rows, bad.row_bytes[tile] + 4 * !rows);
      EXPECT_EQ(FaultOf(bad, [](TileModel& t) { t.DotBf16(0, 1, 2); }),
                TileFault::kShape)
          << tile << rows;
    }
  }
  TileConfig odd = good;
  odd.Set(0, 2, 18);
  odd.Set(2, 3, 18);
  EXPECT_EQ(FaultOf(odd, [](TileModel& t) { t.DotBf16(0, 1, 2); }),
            TileFault::kShape);
}

}  // namespace
}  // namespace inlay::kernels::cpu

#endif  // __x86_64__
