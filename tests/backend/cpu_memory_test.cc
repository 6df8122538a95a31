// Memory, loading, and refusals of the CPU backend.
#include <gtest/gtest.h>

#include "tests/backend/rig.h"

namespace inlay::backend {
namespace {

TEST(CpuMemory, TheEstimateIsWhatIsAllocated) {
  for (bool mapped : {true, false}) {
    for (bool in_place : {false, true}) {
      if (in_place && !mapped) continue;
      for (const auto& [tied, moe] :
           {std::pair(true, 0), {false, 0}, {true, 2}}) {
        const TinyModel model = MakeTinyModel(
            {.tied = tied, .moe = moe, .matrix_type = kernels::DType::kQ8_0},
            mapped);
        auto pool = MemoryPool::Create(nullptr, 0);
        auto threads = *ThreadPool::Create({.thread_count = 2});
        auto backend = CreateCpuBackend();
        const WeightOptions weight_options = {.in_place = in_place};
        const ExecutorOptions options = {.max_rows = 70,
                                         .max_logits_rows = 9,
                                         .page_tokens = 16,
                                         .page_count = 33};
        const auto need = backend->Estimate(*model.file, *model.plan,
                                            weight_options, options, 2);
        ASSERT_TRUE(need.ok()) << need.status();
        EXPECT_EQ(pool->used_bytes(), 0u);
        {
          auto weights =
              backend->LoadWeights(model.file, model.plan, weight_options, pool,
                                   threads.get(), nullptr);
          ASSERT_TRUE(weights.ok()) << weights.status();
          const uint64_t loaded = need->weights + need->weights_mapped;
          EXPECT_EQ(pool->used_bytes(), loaded);
          EXPECT_EQ(need->weights_mapped > 0, in_place || (mapped && !tied));
          auto executor = (*weights)->CreateExecutor(options);
          ASSERT_TRUE(executor.ok());
          EXPECT_EQ(pool->used_bytes(),
                    loaded + need->activations + 33 * need->kv_per_page);
          // Pages take all that a step of so many rows may need.
          Rig rig;
          rig.executor = *std::move(executor);
          rig.vocabulary = 97;
          EXPECT_TRUE(
              rig.Run({{RandomTokens(70, 97, 1), {9, 1, 8}, {0, 1}}}).ok());
        }
        EXPECT_EQ(pool->used_bytes(), 0u);
      }
    }
  }
}

TEST(CpuMemory, PagesTakeWhatTheirFormatNeeds) {
  // Two layers, two heads, 16 dimensions of keys and of values, 16 tokens.
  const std::pair<KvType, uint64_t> formats[] = {
      {KvType::kF32, 8192},
      {KvType::kF16, 4096},
      {KvType::kBf16, 4096},
      {KvType::kInt8, 2 * (1024 + 2 * 2 * 16 * 4)},
      {KvType::kFp8, 2048}};
  const TinyModel model = MakeTinyModel({});
  auto threads = *ThreadPool::Create({.thread_count = 3});
  auto backend = CreateCpuBackend();
  for (const auto& [type, bytes] : formats) {
    auto pool = MemoryPool::Create(nullptr, 0);
    ExecutorOptions options = {.max_rows = 40,
                               .max_logits_rows = 2,
                               .page_tokens = 16,
                               .page_count = 20,
                               .kv_type = type};
    const auto need =
        *backend->Estimate(*model.file, *model.plan, {}, options, 3);
    EXPECT_EQ(need.kv_per_page, bytes);
    auto weights = *backend->LoadWeights(model.file, model.plan, {}, pool,
                                         threads.get(), nullptr);
    const uint64_t loaded = pool->used_bytes();
    auto executor = weights->CreateExecutor(options);
    ASSERT_TRUE(executor.ok()) << executor.status();
    EXPECT_EQ((*executor)->page_bytes(), bytes);
    EXPECT_EQ(pool->used_bytes() - loaded, need.activations + 20 * bytes);
    executor->reset();
    // The estimate is enough, also while the scales of FP8 are found.
    auto exact =
        MemoryPool::Create(nullptr, need.weights + need.weights_mapped +
                                        need.activations + 20 * bytes);
    auto again = backend->LoadWeights(model.file, model.plan, {}, exact,
                                      threads.get(), nullptr);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE((*again)->CreateExecutor(options).ok());
  }
}

TEST(CpuMemory, EverySourceAndPlaceGivesTheSameLogits) {
  const TinyOptions options = {.tied = false,
                               .matrix_type = kernels::DType::kF16};
  const std::vector<DrivenRequest> request = {
      {RandomTokens(20, 97, 1), {20}, {0, 1}}};
  const TinyModel mapped = MakeTinyModel(options, true);
  const TinyModel read = MakeTinyModel(options, false);
  Rig from_map = MakeRig(mapped, {});
  Rig from_reader = MakeRig(read, {});
  EXPECT_EQ((*from_map.Run(request))[0], (*from_reader.Run(request))[0]);
  Rig in_place = MakeRig(mapped, {.in_place = true});
  const auto a = *from_map.Run(request), b = *in_place.Run(request);
  for (size_t i = 0; i < a[0].size(); ++i) EXPECT_NEAR(a[0][i], b[0][i], 1e-3);
}

TEST(CpuMemory, InPlaceNeedsAMapping) {
  const TinyModel model = MakeTinyModel({}, false);
  auto threads = *ThreadPool::Create({.thread_count = 1});
  EXPECT_EQ(
      CreateCpuBackend()
          ->LoadWeights(model.file, model.plan, {.in_place = true},
                        MemoryPool::Create(nullptr, 0), threads.get(), nullptr)
          .status()
          .code(),
      absl::StatusCode::kFailedPrecondition);
}

TEST(CpuMemory, LoadingReportsAndCanBeCancelledAtEveryReport) {
  const TinyModel model = MakeTinyModel({});
  auto threads = *ThreadPool::Create({.thread_count = 2});
  auto backend = CreateCpuBackend();
  auto pool = MemoryPool::Create(nullptr, 0);
  int reports = 0;
  uint64_t last = 0, total = 0;
  const auto load = [&](const Progress& progress) {
    return backend
        ->LoadWeights(model.file, model.plan, {}, pool, threads.get(), progress)
        .status();
  };
  ASSERT_TRUE(load([&](std::string_view stage, uint64_t done, uint64_t all) {
                EXPECT_EQ(stage, "pack");
                EXPECT_GE(done, last);
                EXPECT_LE(done, all);
                last = done;
                total = all;
                ++reports;
                return OkStatus();
              }).ok());
  EXPECT_EQ(last, total);
  for (int stop = 0; stop < 3; ++stop) {
    int count = 0;
    const Status status =
        load([&](std::string_view, uint64_t, uint64_t) -> Status {
          return count++ == stop ? absl::CancelledError("enough") : OkStatus();
        });
    EXPECT_TRUE(count <= stop || absl::IsCancelled(status)) << stop;
    EXPECT_EQ(pool->used_bytes(), 0u);
  }
}

TEST(CpuMemory, ABudgetIsRefusedAndNothingLeaks) {
  const TinyModel model = MakeTinyModel({});
  auto threads = *ThreadPool::Create({.thread_count = 1});
  auto pool = MemoryPool::Create(nullptr, 1000);
  EXPECT_EQ(CreateCpuBackend()
                ->LoadWeights(model.file, model.plan, {}, pool, threads.get(),
                              nullptr)
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(pool->used_bytes(), 0u);
}

TEST(CpuMemory, UnknownInstructionSet) {
  const TinyModel model = MakeTinyModel({});
  EXPECT_EQ(CreateCpuBackend()
                ->Estimate(*model.file, *model.plan, {.isa = "mmx"}, {}, 1)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace inlay::backend
