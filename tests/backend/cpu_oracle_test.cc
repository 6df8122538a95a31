// Logits of tiny models against the same formulas in double precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "cpp/backend/cpu/route.h"
#include "tests/backend/plan_oracle.h"
#include "tests/backend/rig.h"
#include "tests/backend/tiny_encdec.h"

namespace inlay::backend {
namespace {

TEST(CpuOracle, LogitsAreThoseOfTheFormulas) {
  const TinyOptions models[] = {{},
                                {.tied = false, .gpt = true},
                                {.window = 9},
                                {.heads = 8, .kv_heads = 2},
                                {.rich = true},
                                {.hidden = 72, .moe = 1},
                                {.moe = 2},
                                {.moe = 3},
                                {.hidden = 40, .moe = 4},
                                {.moe = 5}};
  for (const TinyOptions& options : models) {
    const TinyModel model = MakeTinyModel(options);
    const std::vector<int32_t> tokens = RandomTokens(50, options.vocabulary, 2);
    const std::vector<Row> exact = PlanOracle(model).Logits(tokens);
    for (const char* isa : {"reference", "avx2", "avx512"}) {
      if (!HasIsa(isa)) continue;
      Rig rig = MakeRig(model, {.threads = 2, .isa = isa});
      const auto logits = rig.Run({{tokens, {20, 1, 1, 28}, {3, 1, 0, 2}}});
      ASSERT_TRUE(logits.ok());
      for (size_t r = 0; r < exact.size(); ++r) {
        for (size_t t = 0; t < exact[r].size(); ++t) {
          ASSERT_NEAR((*logits)[0][r * exact[r].size() + t], exact[r][t], 2e-3)
              << isa << " position " << r;
        }
      }
    }
  }
}

// Two requests, one with more of an encoder's input than a segment of keys.
TEST(CpuOracle, EncoderAndDecoderAreThoseOfTheFormulas) {
  const TinyModel model = TinyEncoderDecoder(5).Build();
  const std::vector<int32_t> far = RandomTokens(290, 97, 3);
  const std::vector<int32_t> near = RandomTokens(17, 97, 4);
  const std::vector<int32_t> tokens = RandomTokens(45, 97, 5);
  const auto far_exact = PlanOracle(model).Logits(tokens, far);
  const auto near_exact = PlanOracle(model).Logits(tokens, near);
  std::vector<int32_t> pages(22);
  for (size_t i = 0; i < pages.size(); ++i) pages[i] = 40 - static_cast<int>(i);
  for (const char* isa : {"reference", "avx2", "avx512"}) {
    for (const int threads : {1, 3}) {
      if (!HasIsa(isa)) continue;
      Rig rig = MakeRig(model, {.threads = threads, .isa = isa});
      const auto logits =
          rig.Run({{tokens, {20, 1, 24}, pages, far},
                   {tokens, {1, 0, 30, 14}, {50, 3, 2, 9, 60}, near}});
      ASSERT_TRUE(logits.ok()) << logits.status();
      for (size_t r = 0; r < tokens.size(); ++r) {
        for (size_t t = 0; t < 97; ++t) {
          ASSERT_NEAR((*logits)[0][r * 97 + t], far_exact[r][t], 2e-3) << isa;
          ASSERT_NEAR((*logits)[1][r * 97 + t], near_exact[r][t], 2e-3) << isa;
        }
      }
    }
  }
}

// Steps that such a model must refuse.
TEST(CpuOracle, DecoderNeedsWhatItsEncoderLeft) {
  const TinyModel model = TinyEncoderDecoder(5).Build();
  Rig rig = MakeRig(model, {});
  EXPECT_FALSE(rig.Run({{{1, 2}, {2}, {0, 1}, {}}}).ok());
  EXPECT_FALSE(rig.Run({{{1, 2}, {2}, {0, 99}, {3}}}).ok());
  EXPECT_TRUE(rig.Run({{{1, 2}, {2}, {0, 1}, {3}}}).ok());
}

// Of every kind, by random logits; then by such as no router should give.
TEST(CpuOracle, RoutersChooseAsTheFormulas) {
  using model::RouterScore;
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0.0f, 2.0f);
  std::vector<float> logits(24), bias(24), scratch(3 * 24);
  int32_t experts[6];
  float weights[6];
  for (int i = 0; i < 2000; ++i) {
    model::MoeOp op;
    op.experts.resize(24);
    op.score = static_cast<RouterScore>(i % 4);
    op.top_k = 1 + i / 4 % 6;
    op.renormalize = i % 3 == 0;
    op.scale = i % 5 == 0 ? 2.5f : 1.0f;
    const bool sparse = op.score == RouterScore::kSparseMixer;
    if (!sparse && i % 7 < 4) {
      op.group_count = 6;
      op.groups_kept = 2 + i % 4;
      op.group_score = static_cast<model::GroupScore>(i % 2);
    }
    if (sparse) op.jitter = 0.3f, op.renormalize = false;
    const bool biased = !sparse && i % 2 == 0;
    for (float& x : logits) x = normal(random);
    for (float& x : bias) x = normal(random) / 4;
    cpu::Route(op, logits.data(), biased ? bias.data() : nullptr,
               scratch.data(), experts, weights);
    const auto exact = ExactRoute(op, {logits.begin(), logits.end()},
                                  biased ? bias.data() : nullptr);
    auto want = exact.begin();
    for (int32_t k = 0; k < op.top_k; ++k, ++want) {
      ASSERT_EQ(static_cast<size_t>(experts[k]), want->first) << i;
      ASSERT_NEAR(weights[k], want->second, 2e-6 * std::abs(want->second)) << i;
    }
    const float odd[] = {NAN, INFINITY, -INFINITY, 0.0f, 1e38f, -1e38f};
    for (float& x : logits) x = odd[random() % std::size(odd)];
    if (i % 11 == 0) std::fill(logits.begin(), logits.end(), odd[i % 6]);
    cpu::Route(op, logits.data(), biased ? bias.data() : nullptr,
               scratch.data(), experts, weights);
    for (int32_t k = 0; k < op.top_k; ++k) {
      ASSERT_GT(experts[k], k == 0 ? -1 : experts[k - 1]) << i;
      ASSERT_LT(experts[k], 24) << i;
    }
  }
}

double Divergence(const Row& exact, const float* logits) {
  double exact_sum = 0, sum = 0, result = 0;
  for (size_t t = 0; t < exact.size(); ++t) {
    exact_sum += std::exp(exact[t]);
    sum += std::exp(double{logits[t]});
  }
  for (size_t t = 0; t < exact.size(); ++t) {
    result += std::exp(exact[t]) / exact_sum *
              (exact[t] - logits[t] - std::log(exact_sum / sum));
  }
  return result;
}

// Bounds of the mean Kullback-Leibler divergence, for a model of random
// weights.
TEST(CpuOracle, EveryPageFormatStaysNearTheFormulas) {
  const std::pair<KvType, double> formats[] = {{KvType::kF32, 1e-8},
                                               {KvType::kF16, 1e-5},
                                               {KvType::kBf16, 6e-4},
                                               {KvType::kInt8, 4e-3},
                                               {KvType::kFp8, 1.5e-1}};
  const TinyModel model = MakeTinyModel({});
  const std::vector<int32_t> tokens = RandomTokens(100, 97, 2);
  const std::vector<Row> exact = PlanOracle(model).Logits(tokens);
  for (const auto& [type, bound] : formats) {
    Rig rig = MakeRig(model, {.threads = 2, .kv_type = type});
    const auto logits = rig.Run({{tokens, {60, 1, 39}, {3, 1, 0, 2, 4, 5, 6}}});
    ASSERT_TRUE(logits.ok()) << logits.status();
    double sum = 0;
    for (size_t r = 0; r < exact.size(); ++r) {
      sum += Divergence(exact[r], &(*logits)[0][r * 97]);
    }
    const double mean = sum / static_cast<double>(exact.size());
    RecordProperty(std::to_string(static_cast<int>(type)),
                   std::to_string(mean * 1e6) + "e-6");
    EXPECT_LE(mean, bound) << static_cast<int>(type);
  }
}

}  // namespace
}  // namespace inlay::backend
