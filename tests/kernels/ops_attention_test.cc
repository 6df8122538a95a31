// Paged attention against double precision, and against itself: the same row
// in other tiles, with other page sizes, among other heads, cut into parts.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/kernels/attention_problem.h"
#include "tests/kernels/isas.h"

namespace inlay::kernels::cpu {
namespace {

class AttentionTest : public testing::TestWithParam<std::tuple<Isa, KvFormat>> {
 protected:
  void SetUp() override {
    if (!IsaSupported(isa()))
      GTEST_SKIP() << "this processor lacks " << IsaName(isa());
  }
  Isa isa() const { return std::get<0>(GetParam()); }
  KvFormat format() const { return std::get<1>(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(All, AttentionTest,
                         testing::Combine(testing::ValuesIn(VectorIsas()),
                                          testing::ValuesIn(kKvFormats)),
                         [](const auto& info) {
                           return std::string(
                                      IsaName(std::get<0>(info.param))) +
                                  "_" + KvFormatName(std::get<1>(info.param));
                         });

// All that changes scores at once.
AttentionShape BentShape() {
  return {.softcap = 3.0f,
          .slopes = {0.5f, 0.25f, 0.125f, 0.0625f, 0.03f, 0.015f},
          .sinks = {-3.0f, 0.0f, 1.0f, 2.0f, 4.0f, 1.5f}};
}

// The bound of docs/numerics.md.
TEST_P(AttentionTest, IsCloseToExact) {
  const AttentionShape shapes[] = {
      {},
      {.q_per_kv = 1, .key_dim = 20, .value_dim = 36},
      {.q_per_kv = 7, .key_dim = 80, .page_tokens = 32},
      {.page_tokens = 5},
      {.kv_heads = 1, .q_per_kv = 30, .page_tokens = 64},
      {.softcap = 2.0f},
      {.slopes = {0.5f, 0.25f, 0.125f, 0.0625f, 0.03f, 0.015f}},
      {.sinks = {-3.0f, 0.0f, 1.0f, 2.0f, 4.0f, -INFINITY}},
      {.ahead = 39},
      {.page_tokens = 5, .ahead = 299},
      BentShape()};
  double worst = 0;
  for (AttentionShape shape : shapes) {
    shape.format = format();
    const AttentionProblem problem(shape, 530);
    for (int32_t window : {0, 40, 300}) {
      for (int32_t position : {0, 1, 16, 100, 256, 529}) {
        const int32_t kv_head = shape.kv_heads - 1;
        const auto out =
            problem.Run(isa(), position, 1, kv_head, 0, shape.q_per_kv, window);
        const int32_t h = position % shape.q_per_kv;
        const auto exact = problem.Exact(position, kv_head, h, window);
        for (int32_t d = 0; d < shape.value_dim; ++d) {
          ASSERT_NEAR(out[h * shape.value_dim + d], exact[d], 2e-5)
              << position << " " << window;
          worst = std::max(worst,
                           std::abs(out[h * shape.value_dim + d] - exact[d]));
        }
      }
    }
  }
  RecordProperty("worst_error", std::to_string(worst * 1e6) + "e-6");
}

TEST_P(AttentionTest, TilesOfRowsAndHeadsGiveTheSameBits) {
  for (int32_t page_tokens : {4, 16, 17}) {
    AttentionShape shape = page_tokens == 17 ? BentShape() : AttentionShape{};
    shape.page_tokens = page_tokens;
    shape.ahead = page_tokens == 4 ? 45 : 0;
    shape.format = format();
    const AttentionProblem problem(shape, 300);
    for (int32_t window : {0, 30}) {
      for (int32_t position : {0, 28, 250}) {
        for (int32_t rows : {2, 3, 8, 34}) {
          const auto tile = problem.Run(isa(), position, rows, 1, 0, 3, window);
          for (int32_t r = 0; r<rows; r += rows> 8 ? 7 : 1) {
            for (int32_t h = 0; h < 3; ++h) {
              const auto one =
                  problem.Run(isa(), position + r, 1, 1, h, 1, window);
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
  for (int32_t rows : {1, 10}) {
    const AttentionProblem one({.page_tokens = 16, .format = format()}, 400);
    for (int32_t page_tokens : {1, 3, 8, 32, 512}) {
      const AttentionProblem other(
          {.page_tokens = page_tokens, .format = format()}, 400);
      EXPECT_EQ(one.Run(isa(), 390, rows, 0, 0, 3, 0),
                other.Run(isa(), 390, rows, 0, 0, 3, 0))
          << page_tokens;
    }
  }
}

TEST_P(AttentionTest, PartsGiveTheSameBits) {
  AttentionShape shape = BentShape();
  shape.key_dim = 20;
  shape.value_dim = 24;
  shape.format = format();
  const AttentionProblem causal(shape, 820);
  shape.slopes.clear();
  shape.ahead = 299;
  const AttentionProblem both_sides(shape, 820);
  for (int32_t rows : {1, 2, 20}) {
    for (int32_t window : {0, 300, 700}) {
      const AttentionProblem& problem = window == 300 ? both_sides : causal;
      for (int32_t position : {255, 256, 760, 800}) {
        const auto whole = problem.Run(isa(), position, rows, 1, 0, 3, window);
        for (const std::vector<int32_t>& cuts :
             {std::vector<int32_t>{}, {1}, {2, 3}, {0, 2, 2, 6}}) {
          const auto parts =
              problem.RunSplit(isa(), position, rows, 1, window, cuts);
          ASSERT_EQ(std::memcmp(whole.data(), parts.data(),
                                whole.size() * sizeof(float)),
                    0)
              << rows << " rows at " << position << " window " << window;
        }
      }
    }
  }
}

// What a format costs, beside arithmetic on the keys and values as they came:
// the bounds of docs/numerics.md.
TEST_P(AttentionTest, RoundingTheCacheCostsLittle) {
  const AttentionProblem problem({.format = format()}, 530);
  double squares = 0, errors = 0;
  for (int32_t position = 9; position < 530; position += 40) {
    const auto out = problem.Run(isa(), position, 1, 0, 0, 1, 0);
    const auto exact = problem.Exact(position, 0, 0, 0, false);
    for (int32_t d = 0; d < 64; ++d) {
      squares += exact[d] * exact[d];
      errors += (out[d] - exact[d]) * (out[d] - exact[d]);
    }
  }
  const double relative = std::sqrt(errors / squares);
  RecordProperty("relative_error", std::to_string(relative));
  const double bounds[] = {1e-6, 4e-4, 4e-3, 1.3e-2, 5e-2};
  EXPECT_LE(relative, bounds[static_cast<size_t>(format())]);
}

// A value that is no number reaches the rows that see it, and no others.
TEST_P(AttentionTest, NanSpreadsToTheRowsThatSeeItOnly) {
  for (bool key : {true, false}) {
    AttentionProblem problem({.format = format()}, 300);
    const auto before = problem.Run(isa(), 200, 100, 0, 0, 3, 0);
    problem.Poke(key, 270, 0, NAN);
    const auto after = problem.Run(isa(), 200, 100, 0, 0, 3, 0);
    EXPECT_EQ(
        std::memcmp(before.data(), after.data(), 70 * 3 * 64 * sizeof(float)),
        0);
    for (size_t row = 70; row < 100; ++row) {
      EXPECT_TRUE(std::isnan(after[row * 3 * 64 + 32])) << row;
    }
    const auto other = problem.Run(isa(), 290, 1, 1, 0, 3, 0);
    for (float x : other) ASSERT_TRUE(std::isfinite(x));
  }
}

}  // namespace
}  // namespace inlay::kernels::cpu
