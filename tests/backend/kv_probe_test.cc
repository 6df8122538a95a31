#include "cpp/backend/cpu/kv_probe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/backend/rig.h"

namespace inlay::backend {
namespace {

TEST(KvProbe, ScalesLeaveRoomForFourTimesWhatWasSeen) {
  EXPECT_EQ(cpu::Fp8Scale(112.0f), 1.0f);
  EXPECT_EQ(cpu::Fp8Scale(112.5f), 2.0f);
  EXPECT_EQ(cpu::Fp8Scale(56.0f), 0.5f);
  EXPECT_EQ(cpu::Fp8Scale(57.0f), 1.0f);
  EXPECT_EQ(cpu::Fp8Scale(0.0f), 1.0f);
  EXPECT_EQ(cpu::Fp8Scale(NAN), 1.0f);
  EXPECT_EQ(cpu::Fp8Scale(INFINITY), 1.0f);
  for (float x : {1e-38f, 1e-45f, 3e38f, 0.3f, 1000.0f}) {
    const float scale = cpu::Fp8Scale(x);
    EXPECT_TRUE(std::isnormal(scale) && std::isnormal(1 / scale)) << x;
    int exponent;
    EXPECT_EQ(std::frexp(scale, &exponent), 0.5f) << x;
    if (x > 1e-25f && x < 1e25f) {
      EXPECT_LE(4 * x / scale, 448);
      EXPECT_GT(8 * x / scale, 448);
    }
  }
}

std::vector<float> Logits(const TinyModel& model, int32_t max_rows, int threads,
                          KvType type) {
  auto pool = MemoryPool::Create(nullptr, 0);
  auto workers = *ThreadPool::Create({.thread_count = threads});
  auto weights = *CreateCpuBackend()->LoadWeights(model.file, model.plan, {},
                                                  pool, workers.get(), nullptr);
  auto executor = weights->CreateExecutor({.max_rows = max_rows,
                                           .max_logits_rows = max_rows,
                                           .page_tokens = 16,
                                           .page_count = 3,
                                           .kv_type = type});
  EXPECT_TRUE(executor.ok()) << executor.status();
  std::vector<int32_t> chunks(40 / static_cast<size_t>(max_rows), max_rows);
  return (*StepDriver(**executor, 16, 97)
               .Run({{RandomTokens(40, 97, 3), chunks, {0, 1, 2}}}))[0];
}

// Whoever loads the model, and for whatever steps, finds the same scales: pages
// of one engine are good in another.
TEST(KvProbe, ScalesDependOnTheModelAlone) {
  for (bool gpt : {false, true}) {
    const TinyModel model = MakeTinyModel({.tied = false, .gpt = gpt});
    const auto expected = Logits(model, 40, 1, KvType::kFp8);
    EXPECT_EQ(Logits(model, 1, 2, KvType::kFp8), expected);
    EXPECT_EQ(Logits(model, 20, 3, KvType::kFp8), expected);
    EXPECT_NE(Logits(model, 40, 1, KvType::kF32), expected);
  }
}

}  // namespace
}  // namespace inlay::backend
