// Row operations of every instruction set against double precision.
#include "kernels/cpu/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "kernels/common/half.h"
#include "tests/kernels/guarded.h"
#include "tests/kernels/isas.h"

namespace inlay::kernels::cpu {
namespace {

std::vector<float> Random(size_t n, uint32_t seed, float scale = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> values(n);
  for (float& value : values) value = normal(random);
  return values;
}

class OpsTest : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!IsaSupported(GetParam())) {
      GTEST_SKIP() << "this processor lacks " << IsaName(GetParam());
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Isas, OpsTest, testing::ValuesIn(VectorIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

constexpr size_t kSizes[] = {1, 2, 7, 8, 15, 16, 17, 33, 64, 100, 576, 2049};

TEST_P(OpsTest, RmsNorm) {
  for (size_t n : kSizes) {
    const Guarded<float> x(Random(n, 1)), w(Random(n, 2)), y(n);
    RmsNorm(GetParam(), x.data(), w.data(), 1e-5f, static_cast<int64_t>(n),
            y.data());
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += double{x[i]} * x[i];
    const double scale = 1 / std::sqrt(sum / static_cast<double>(n) + 1e-5);
    for (size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(y[i], x[i] * scale * w[i], 4e-6 * std::abs(y[i]) + 1e-9);
    }
    RmsNorm(GetParam(), x.data(), nullptr, 1e-5f, static_cast<int64_t>(n),
            x.data());
    const Guarded<float> before(Random(n, 1));
    for (size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(x[i], before[i] * scale, 4e-6 * std::abs(x[i]) + 1e-9);
    }
  }
}

TEST_P(OpsTest, LayerNorm) {
  for (size_t n : kSizes) {
    const Guarded<float> x(Random(n, 3)), w(Random(n, 4)), b(Random(n, 5)),
        y(n);
    for (const float* bias : {static_cast<float*>(nullptr), b.data()}) {
      LayerNorm(GetParam(), x.data(), w.data(), bias, 1e-5f,
                static_cast<int64_t>(n), y.data());
      double mean = 0, squares = 0;
      for (size_t i = 0; i < n; ++i) mean += x[i];
      mean /= static_cast<double>(n);
      for (size_t i = 0; i < n; ++i) squares += std::pow(x[i] - mean, 2);
      const double scale =
          1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
      for (size_t i = 0; i < n; ++i) {
        const double want = (x[i] - mean) * scale * w[i] +
                            (bias == nullptr ? 0.0 : double{bias[i]});
        EXPECT_NEAR(y[i], want, 1e-5) << n;
      }
      LayerNorm(GetParam(), x.data(), nullptr, bias, 1e-5f,
                static_cast<int64_t>(n), y.data());
      for (size_t i = 0; i < n; ++i) {
        const double want =
            (x[i] - mean) * scale + (bias == nullptr ? 0.0 : double{bias[i]});
        EXPECT_NEAR(y[i], want, 1e-5) << n;
      }
    }
  }
}

double Exact(Act act, double x) {
  switch (act) {
    case Act::kNone:
      return x;
    case Act::kSilu:
      return x / (1 + std::exp(-x));
    case Act::kGelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Act::kGeluTanh:
      return 0.5 * x *
             (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Act::kRelu:
      return std::max(x, 0.0);
    case Act::kRelu2:
      return std::pow(std::max(x, 0.0), 2);
    case Act::kSwigluOai:
      break;
  }
  return 0;
}

constexpr Act kActs[] = {Act::kNone,     Act::kSilu, Act::kGelu,
                         Act::kGeluTanh, Act::kRelu, Act::kRelu2};

TEST_P(OpsTest, ActivationsAreCloseToExact) {
  std::vector<float> values;
  for (int i = -40'000; i <= 40'000; ++i) {
    values.push_back(static_cast<float>(i) * 0.003f);
  }
  const Guarded<float> x(values), y(values.size());
  for (Act act : kActs) {
    Activate(GetParam(), act, x.data(), static_cast<int64_t>(x.size()),
             y.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const double want = Exact(act, x[i]);
      ASSERT_NEAR(y[i], want, 3e-6 * std::abs(want) + 3e-7) << x[i];
    }
  }
}

TEST_P(OpsTest, GatesAreCloseToExact) {
  const Guarded<float> gate(Random(1000, 11, 6.0f)), up(Random(1000, 12, 6.0f)),
      y(1000);
  for (Act act : {Act::kSilu, Act::kSwigluOai}) {
    GatedActivate(GetParam(), act, gate.data(), up.data(), 1000, y.data());
    for (size_t i = 0; i < 1000; ++i) {
      double want = Exact(act, gate[i]) * up[i];
      if (act == Act::kSwigluOai) {
        const double g = std::min(double{gate[i]}, 7.0);
        const double u = std::min(std::max(double{up[i]}, -7.0), 7.0);
        want = g / (1 + std::exp(-1.702 * g)) * (u + 1);
      }
      ASSERT_NEAR(y[i], want, 6e-6 * std::abs(want) + 3e-7) << gate[i];
    }
  }
}

TEST_P(OpsTest, XieluAndSoftCapAreCloseToExact) {
  const XieluShape shape = {0.7f, 1.3f, 0.5f};
  std::vector<float> values = {NAN,     INFINITY, 0.0f,  1e-30f,
                               -1e-30f, 1e-4f,    -1e-4f};
  for (int i = -20'000; i <= 20'000; ++i) {
    values.push_back(static_cast<float>(i) * 0.006f);
  }
  const Guarded<float> x(values), y(values.size()), capped(values);
  const int64_t n = static_cast<int64_t>(values.size());
  Xielu(GetParam(), shape, x.data(), n, y.data());
  SoftCap(GetParam(), 30.0f, capped.data(), n);
  EXPECT_TRUE(std::isnan(y[0]) && std::isnan(capped[0]));
  EXPECT_EQ(y[1], INFINITY);
  EXPECT_EQ(capped[1], 30.0f);
  for (size_t i = 2; i < values.size(); ++i) {
    const double v = values[i];
    const double curve = v > 0 ? double{shape.positive} * v * v
                               : double{shape.negative} * (std::expm1(v) - v);
    const double want = curve + 0.5 * v;
    ASSERT_NEAR(y[i], want, 1e-6 * std::abs(want) + 4e-7 * std::abs(v)) << v;
    const double cap = 30 * std::tanh(v / 30);
    ASSERT_NEAR(capped[i], cap, 1e-6 * std::abs(cap)) << v;
  }
  for (size_t begin : {2u, 9u, 5000u}) {
    for (size_t m : {1u, 3u, 17u}) {
      const std::vector<float> some(values.begin() + begin,
                                    values.begin() + begin + m);
      const Guarded<float> part(some), cap(some);
      const int64_t count = static_cast<int64_t>(m);
      Xielu(GetParam(), shape, part.data(), count, part.data());
      SoftCap(GetParam(), 30.0f, cap.data(), count);
      EXPECT_EQ(std::memcmp(part.data(), y.data() + begin, m * 4), 0);
      EXPECT_EQ(std::memcmp(cap.data(), capped.data() + begin, m * 4), 0);
    }
  }
}

TEST_P(OpsTest, AnElementsResultDoesNotDependOnItsPlace) {
  const std::vector<float> values = Random(80, 6, 4.0f);
  const std::vector<float> ups = Random(80, 7);
  std::vector<Act> acts(std::begin(kActs), std::end(kActs));
  acts.push_back(Act::kSwigluOai);
  for (Act act : acts) {
    const Guarded<float> whole(values), up(ups);
    GatedActivate(GetParam(), act, whole.data(), up.data(), 80, whole.data());
    for (size_t begin : {0u, 1u, 5u, 63u}) {
      for (size_t n : {1u, 3u, 16u, 17u}) {
        const Guarded<float> x(std::vector<float>(values.begin() + begin,
                                                  values.begin() + begin + n)),
            u(std::vector<float>(ups.begin() + begin, ups.begin() + begin + n)),
            y(n);
        GatedActivate(GetParam(), act, x.data(), u.data(),
                      static_cast<int64_t>(n), y.data());
        EXPECT_EQ(std::memcmp(y.data(), whole.data() + begin, n * 4), 0);
      }
    }
  }
}

TEST_P(OpsTest, ActivationsPassNanAndSurviveExtremes) {
  std::vector<float> values(17, NAN);
  values[3] = 1e30f;
  values[4] = -1e30f;
  values[5] = INFINITY;
  for (Act act : {Act::kSilu, Act::kGeluTanh}) {
    const Guarded<float> x(values), y(values.size());
    Activate(GetParam(), act, x.data(), 17, y.data());
    EXPECT_TRUE(std::isnan(y[0]) && std::isnan(y[16]));
    EXPECT_EQ(y[3], 1e30f);
    EXPECT_NEAR(y[4], 0.0f, 1e-6f);
    EXPECT_EQ(y[5], INFINITY);
  }
}

TEST_P(OpsTest, RopeRotatesPairs) {
  for (bool interleaved : {false, true}) {
    for (int32_t dims : {4, 10, 32, 64}) {
      const int32_t head_dim = 64, heads = 3;
      const std::vector<float> before = Random(heads * head_dim, 8);
      const Guarded<float> x(before), c(dims / 2), s(dims / 2);
      for (int32_t i = 0; i < dims / 2; ++i) {
        c[i] = static_cast<float>(std::cos(0.3 * i));
        s[i] = static_cast<float>(std::sin(0.3 * i));
      }
      Rope(GetParam(), x.data(), heads, head_dim, dims, interleaved, c.data(),
           s.data());
      for (int32_t h = 0; h < heads; ++h) {
        for (int32_t d = 0; d < head_dim; ++d) {
          double want = before[h * head_dim + d];
          if (d < dims) {
            const int32_t i = interleaved ? d / 2 : d % (dims / 2);
            const bool second = interleaved ? d % 2 == 1 : d >= dims / 2;
            const int32_t step = interleaved ? 1 : dims / 2;
            const double other =
                before[h * head_dim + (second ? d - step : d + step)];
            want = second ? other * s[i] + want * c[i]
                          : want * c[i] - other * s[i];
          }
          EXPECT_NEAR(x[h * head_dim + d], want, 1e-6);
        }
      }
    }
  }
}

TEST_P(OpsTest, KvAppendRoundsToNearestEvenAndTouchesItsTokenOnly) {
  for (KvFormat format : {KvFormat::kF32, KvFormat::kF16}) {
    KvLayer layer = {.page_tokens = 5,
                     .kv_heads = 2,
                     .key_dim = 19,
                     .value_dim = 17,
                     .format = format};
    layer.page_stride = KvPageBytes(layer);
    const Guarded<uint8_t> pages(2 * layer.page_stride);
    std::memset(pages.data(), 0x11, pages.size());
    layer.base = pages.data();
    const Guarded<float> k(Random(19, 9)), v(Random(17, 10));
    KvAppend(GetParam(), layer, 1, 3, 1, k.data(), v.data());
    size_t changed = 0;
    const auto element = [&](size_t i) {
      const uint8_t* page = pages.data() + layer.page_stride;
      float value;
      uint16_t half;
      if (format == KvFormat::kF32) {
        std::memcpy(&value, page + 4 * i, 4);
        return value;
      }
      std::memcpy(&half, page + 2 * i, 2);
      return HalfToFloat(half);
    };
    const auto stored = [&](float x) {
      return format == KvFormat::kF32 ? x : HalfToFloat(FloatToHalf(x));
    };
    for (size_t d = 0; d < 19; ++d) {
      EXPECT_EQ(element((19 + d) * 5 + 3), stored(k[d]));
    }
    for (size_t d = 0; d < 17; ++d) {
      EXPECT_EQ(element(2 * 19 * 5 + (5 + 3) * 17 + d), stored(v[d]));
    }
    const uint8_t* bytes = pages.data();
    for (size_t i = 0; i < pages.size(); ++i) changed += bytes[i] != 0x11;
    EXPECT_LE(changed, 36u * (format == KvFormat::kF32 ? 4 : 2));
    for (size_t i = 0; i < layer.page_stride; ++i) ASSERT_EQ(bytes[i], 0x11);
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu
