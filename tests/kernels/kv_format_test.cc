// What pages hold after keys and values were appended.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tests/kernels/attention_problem.h"
#include "tests/kernels/isas.h"

namespace inlay::kernels::cpu {
namespace {

constexpr int32_t kTokens = 5, kHeads = 3, kKeyDim = 6, kValueDim = 10;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// One page, read as ops.h describes it.
class Page {
 public:
  explicit Page(KvFormat format) : format_(format) {
    layer_ = {.page_tokens = kTokens,
              .kv_heads = kHeads,
              .key_dim = kKeyDim,
              .value_dim = kValueDim,
              .format = format,
              .key_scales = key_scales_,
              .value_scales = value_scales_};
    bytes_.assign(KvPageBytes(layer_), 0xa5);
    layer_.base = bytes_.data();
    layer_.page_stride = bytes_.size();
  }
  void Append(Isa isa, int32_t token, int32_t head, const float* k,
              const float* v) {
    KvAppend(isa, layer_, 0, token, head, k, v);
  }
  double Key(int32_t token, int32_t head, int32_t d) const {
    return Element((head * kKeyDim + d) * kTokens + token) *
           Step(head * kTokens + token, key_scales_[head]);
  }
  double Value(int32_t token, int32_t head, int32_t d) const {
    return Element(kHeads * kKeyDim * kTokens +
                   (head * kTokens + token) * kValueDim + d) *
           Step((kHeads + head) * kTokens + token, value_scales_[head]);
  }
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  template <typename T>
  T Read(size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  double Element(size_t i) const {
    switch (format_) {
      case KvFormat::kF32:
        break;
      case KvFormat::kF16:
        return HalfToFloat(Read<uint16_t>(2 * i));
      case KvFormat::kBf16:
        return Bfloat16ToFloat(Read<uint16_t>(2 * i));
      case KvFormat::kInt8:
        return Read<int8_t>(i);
      case KvFormat::kFp8:
        return Fp8E4m3ToFloat(Read<uint8_t>(i));
    }
    return Read<float>(4 * i);
  }
  double Step(size_t i, float scale) const {
    if (format_ == KvFormat::kFp8) return scale;
    if (format_ != KvFormat::kInt8) return 1;
    const size_t elements = kHeads * kTokens * (kKeyDim + kValueDim);
    return Read<float>((elements + 3) / 4 * 4 + 4 * i);
  }

  const KvFormat format_;
  const float key_scales_[kHeads] = {0.5f, 2.0f, 0.125f};
  const float value_scales_[kHeads] = {1.0f, 0.25f, 4.0f};
  KvLayer layer_ = {};
  std::vector<uint8_t> bytes_;
};

class KvFormatTest : public testing::TestWithParam<std::tuple<Isa, KvFormat>> {
 protected:
  void SetUp() override {
    if (!IsaSupported(isa()))
      GTEST_SKIP() << "this processor lacks " << IsaName(isa());
  }
  Isa isa() const { return std::get<0>(GetParam()); }
  KvFormat format() const { return std::get<1>(GetParam()); }

  // Largest distance that rounding x, one of a vector whose largest magnitude
  // is `most`, may leave.
  double Bound(double x, double most, double scale) const {
    switch (format()) {
      case KvFormat::kF32:
        return 0;
      case KvFormat::kF16:
        return std::max(std::abs(x) * 0x1p-11, 0x1p-25);
      case KvFormat::kBf16:
        return std::abs(x) * 0x1p-8;
      case KvFormat::kInt8:
        return most / 254 * 1.00001;
      case KvFormat::kFp8:
        return std::max(std::abs(x) * 0x1p-4, scale * 0x1p-10);
    }
    return 0;
  }
};
INSTANTIATE_TEST_SUITE_P(
    All, KvFormatTest,
    testing::Combine(testing::ValuesIn(VectorIsas()),
                     testing::ValuesIn(kKvFormats)),
    [](const auto& info) {
      return std::string(IsaName(std::get<0>(info.param))) + "_" +
             KvFormatName(std::get<1>(info.param));
    });

TEST_P(KvFormatTest, RoundTripIsWithinHalfAStepAndTheSameEverywhere) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 3.0f);
  Page page(format()), reference(format());
  std::vector<float> k(kKeyDim), v(kValueDim);
  for (int32_t token : {4, 0, 2}) {
    for (int32_t head = 0; head < kHeads; ++head) {
      for (float& x : k) x = normal(random);
      for (float& x : v) x = normal(random) * (token == 2 ? 1e-3f : 1.0f);
      page.Append(isa(), token, head, k.data(), v.data());
      reference.Append(Isa::kReference, token, head, k.data(), v.data());
      double most_k = 0, most_v = 0;
      for (float x : k) most_k = std::max(most_k, std::abs(double{x}));
      for (float x : v) most_v = std::max(most_v, std::abs(double{x}));
      for (int32_t d = 0; d < kKeyDim; ++d) {
        EXPECT_NEAR(page.Key(token, head, d), k[d], Bound(k[d], most_k, 2));
      }
      for (int32_t d = 0; d < kValueDim; ++d) {
        EXPECT_NEAR(page.Value(token, head, d), v[d], Bound(v[d], most_v, 4));
      }
    }
  }
  // Other tokens too: an append touches its own only.
  EXPECT_EQ(page.bytes(), reference.bytes());
}

TEST_P(KvFormatTest, ZerosStayZeros) {
  Page page(format());
  const std::vector<float> zeros(kValueDim, 0.0f);
  page.Append(isa(), 1, 1, zeros.data(), zeros.data());
  for (int32_t d = 0; d < kKeyDim; ++d) EXPECT_EQ(page.Key(1, 1, d), 0);
  for (int32_t d = 0; d < kValueDim; ++d) EXPECT_EQ(page.Value(1, 1, d), 0);
}

TEST_P(KvFormatTest, LargeMagnitudesSaturateOrBecomeInfinite) {
  Page page(format());
  std::vector<float> x(kValueDim, 1.0f);
  x[1] = 3e38f;
  x[2] = -3e38f;
  page.Append(isa(), 3, 0, x.data(), x.data());
  const double large = page.Value(3, 0, 1);
  EXPECT_EQ(page.Value(3, 0, 2), -large);
  EXPECT_EQ(page.Key(3, 0, 2), format() == KvFormat::kFp8 ? -224 : -large);
  switch (format()) {
    case KvFormat::kF16:
      EXPECT_EQ(large, kInfinity);
      break;
    case KvFormat::kFp8:
      EXPECT_EQ(large, 448);
      EXPECT_EQ(page.Value(3, 0, 0), 1);
      break;
    default:
      EXPECT_NEAR(large / 3e38, 1, 4e-3);
  }
}

TEST_P(KvFormatTest, TinyMagnitudesDoNotGrow) {
  Page page(format());
  std::vector<float> x(kValueDim, 1e-40f);
  x[1] = -1e-44f;
  page.Append(isa(), 3, 0, x.data(), x.data());
  for (int32_t d = 0; d < kValueDim; ++d) {
    EXPECT_NEAR(page.Value(3, 0, d), x[d], 1.1e-40);
  }
}

TEST_P(KvFormatTest, NanStaysNan) {
  Page page(format());
  std::vector<float> x(kValueDim, 1.0f);
  x[3] = NAN;
  page.Append(isa(), 0, 2, x.data(), x.data());
  EXPECT_TRUE(std::isnan(page.Key(0, 2, 3)));
  EXPECT_TRUE(std::isnan(page.Value(0, 2, 3)));
  x[3] = -kInfinity;
  page.Append(isa(), 0, 2, x.data(), x.data());
  const double value = page.Value(0, 2, 3);
  if (format() == KvFormat::kInt8) {
    EXPECT_TRUE(std::isnan(value));
  } else {
    EXPECT_EQ(value, format() == KvFormat::kFp8 ? -448 * 4 : -kInfinity);
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu
