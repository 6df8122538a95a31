// Paged attention against double precision, and against itself: the same row
// in other tiles, with other page sizes, among other heads.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "kernels/common/half.h"
#include "kernels/cpu/ops.h"
#include "tests/kernels/guarded.h"

namespace inlay::kernels::cpu {
namespace {

struct Shape {
  int32_t kv_heads = 2, q_per_kv = 3, key_dim = 64, value_dim = 64;
  int32_t page_tokens = 16;
  KvFormat format = KvFormat::kF16;
};

// A request's cache with random keys and values, and queries for all rows.
class Problem {
 public:
  Problem(const Shape& shape, int32_t length)
      : shape_(shape),
        length_(length),
        k_(Values(length * shape.kv_heads * shape.key_dim, 1)),
        v_(Values(length * shape.kv_heads * shape.value_dim, 2)),
        q_(Values(length * QWidth(), 3)),
        pages_(Fill()) {}

  int32_t QWidth() const {
    return shape_.kv_heads * shape_.q_per_kv * shape_.key_dim;
  }

  // Output of `rows` rows from `position` for heads of one kv head.
  std::vector<float> Run(Isa isa, int32_t position, int32_t rows,
                         int32_t kv_head, int32_t first, int32_t heads,
                         int32_t window) const {
    const Guarded<float> out(static_cast<size_t>(rows * heads) *
                             static_cast<size_t>(shape_.value_dim));
    const Guarded<float> scratch(AttentionScratchFloats(shape_.key_dim, shape_.value_dim));
    const AttentionArgs args = {
        .kv = layer_,
        .block_table = table_.data(),
        .position = position,
        .rows = rows,
        .window = window,
        .kv_head = kv_head,
        .q_heads = heads,
        .q = q_.data() + int64_t{position} * QWidth() +
             int64_t{kv_head * shape_.q_per_kv + first} * shape_.key_dim,
        .q_stride = QWidth(),
        .out = out.data(),
        .out_stride = int64_t{heads} * shape_.value_dim,
        .scale = 0.125f,
        .scratch = scratch.data()};
    Attention(isa, args);
    return out.values();
  }

  std::vector<double> Exact(int32_t position, int32_t kv_head, int32_t head,
                            int32_t window) const {
    const int32_t begin = window > 0 ? std::max(0, position - window + 1) : 0;
    const float* q = q_.data() + int64_t{position} * QWidth() +
                     int64_t{kv_head * shape_.q_per_kv + head} * shape_.key_dim;
    std::vector<double> scores;
    double most = -INFINITY, sum = 0;
    for (int32_t p = begin; p <= position; ++p) {
      double dot = 0;
      for (int32_t d = 0; d < shape_.key_dim; ++d) {
        dot += double{q[d]} *
               Stored(k_[(p * shape_.kv_heads + kv_head) * shape_.key_dim + d]);
      }
      scores.push_back(dot * 0.125);
      most = std::max(most, scores.back());
    }
    for (double& score : scores) sum += score = std::exp(score - most);
    std::vector<double> out(shape_.value_dim, 0.0);
    for (int32_t p = begin; p <= position; ++p) {
      for (int32_t d = 0; d < shape_.value_dim; ++d) {
        out[d] +=
            scores[p - begin] / sum *
            Stored(v_[(p * shape_.kv_heads + kv_head) * shape_.value_dim + d]);
      }
    }
    return out;
  }

 private:
  static std::vector<float> Values(int32_t n, uint32_t seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, 1.5f);
    std::vector<float> values(static_cast<size_t>(n));
    for (float& value : values) value = normal(random);
    return values;
  }
  double Stored(float x) const {
    return shape_.format == KvFormat::kF16 ? HalfToFloat(FloatToHalf(x)) : x;
  }

  // Pages in reverse order; what no token fills holds NaN.
  std::vector<uint8_t> Fill() {
    layer_ = {.page_tokens = shape_.page_tokens,
              .kv_heads = shape_.kv_heads,
              .key_dim = shape_.key_dim,
              .value_dim = shape_.value_dim,
              .format = shape_.format};
    layer_.page_stride = KvPageBytes(layer_);
    const int32_t count =
        (length_ + shape_.page_tokens - 1) / shape_.page_tokens;
    std::vector<uint8_t> pages(layer_.page_stride * static_cast<size_t>(count),
                               0xff);
    layer_.base = pages.data();
    for (int32_t i = 0; i < count; ++i) table_.push_back(count - 1 - i);
    for (int32_t p = 0; p < length_; ++p) {
      for (int32_t h = 0; h < shape_.kv_heads; ++h) {
        KvAppend(Isa::kReference, layer_, table_[p / shape_.page_tokens],
                 p % shape_.page_tokens, h,
                 k_.data() + (p * shape_.kv_heads + h) * shape_.key_dim,
                 v_.data() + (p * shape_.kv_heads + h) * shape_.value_dim);
      }
    }
    return pages;
  }

  const Shape shape_;
  const int32_t length_;
  const std::vector<float> k_, v_, q_;
  KvLayer layer_ = {};
  std::vector<int32_t> table_;
  const std::vector<uint8_t> pages_;
};

class AttentionTest : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!IsaSupported(GetParam())) GTEST_SKIP() << IsaName(GetParam());
  }
};
INSTANTIATE_TEST_SUITE_P(Isas, AttentionTest,
                         testing::Values(Isa::kReference, Isa::kAvx2,
                                         Isa::kAvx512),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

TEST_P(AttentionTest, IsCloseToExact) {
  const Shape shapes[] = {{},
                          {.format = KvFormat::kF32},
                          {.q_per_kv = 1, .key_dim = 20, .value_dim = 36},
                          {.q_per_kv = 7, .key_dim = 80, .page_tokens = 32},
                          {.page_tokens = 5, .format = KvFormat::kF32},
                          {.kv_heads = 1, .q_per_kv = 30, .page_tokens = 64}};
  for (const Shape& shape : shapes) {
    const Problem problem(shape, 530);
    for (int32_t window : {0, 40, 300}) {
      for (int32_t position : {0, 1, 15, 16, 100, 255, 256, 511, 529}) {
        const int32_t kv_head = shape.kv_heads - 1;
        const auto out = problem.Run(GetParam(), position, 1, kv_head, 0,
                                     shape.q_per_kv, window);
        for (int32_t h = 0; h < shape.q_per_kv; ++h) {
          const auto exact = problem.Exact(position, kv_head, h, window);
          for (int32_t d = 0; d < shape.value_dim; ++d) {
            ASSERT_NEAR(out[h * shape.value_dim + d], exact[d], 2e-5)
                << position << " " << window;
          }
        }
      }
    }
  }
}

TEST_P(AttentionTest, TilesOfRowsAndHeadsGiveTheSameBits) {
  for (int32_t page_tokens : {4, 16}) {
    const Problem problem({.page_tokens = page_tokens}, 300);
    for (int32_t window : {0, 30}) {
      for (int32_t position : {0, 3, 28, 250, 260}) {
        for (int32_t rows : {2, 8, 40}) {
          const auto tile =
              problem.Run(GetParam(), position, rows, 1, 0, 3, window);
          for (int32_t r = 0; r < rows; ++r) {
            for (int32_t h = 0; h < 3; ++h) {
              const auto one =
                  problem.Run(GetParam(), position + r, 1, 1, h, 1, window);
              ASSERT_EQ(std::memcmp(one.data(), &tile[(r * 3 + h) * 64],
                                    64 * sizeof(float)),
                        0)
                  << position << " + " << r << " head " << h;
            }
          }
        }
      }
    }
  }
}

TEST_P(AttentionTest, PageSizeDoesNotMatter) {
  const Problem one({.page_tokens = 16}, 400);
  for (int32_t page_tokens : {1, 3, 8, 32, 512}) {
    const Problem other({.page_tokens = page_tokens}, 400);
    EXPECT_EQ(one.Run(GetParam(), 390, 10, 0, 0, 3, 0),
              other.Run(GetParam(), 390, 10, 0, 0, 3, 0));
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu
