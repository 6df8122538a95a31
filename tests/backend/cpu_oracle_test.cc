// Logits of tiny models against the same formulas in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "tests/backend/plan_oracle.h"
#include "tests/backend/rig.h"

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
