#include "cpp/backend/cpu/cpu_backend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <ostream>
#include <random>
#include <span>

#include "cpp/backend/cpu/executor.h"
#include "tests/backend/rig.h"
#include "tests/backend/tiny_model.h"

namespace inlay::backend {
namespace {

// Pages [first, first + count) in a shuffled order.
std::vector<int32_t> Pages(int32_t first, int32_t count) {
  std::vector<int32_t> pages(static_cast<size_t>(count));
  std::iota(pages.begin(), pages.end(), first);
  std::mt19937 random(7);
  std::shuffle(pages.begin(), pages.end(), random);
  return pages;
}

// Where two runs part: "" if nowhere.
std::string FirstDifference(const std::vector<float>& a,
                            const std::vector<float>& b, int32_t vocabulary) {
  if (a.size() != b.size()) return "sizes differ";
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(float)) == 0) continue;
    return "position " + std::to_string(i / vocabulary) + " token " +
           std::to_string(i % vocabulary) + ": " + std::to_string(a[i]) +
           " and " + std::to_string(b[i]);
  }
  return "";
}

struct Case {
  std::string name;
  TinyOptions model;
  KvType kv_type = KvType::kAuto;
};

// For messages.
void PrintTo(const Case& test_case, std::ostream* out) {
  *out << test_case.name;
}

std::vector<Case> Cases() {
  using kernels::DType;
  std::vector<Case> cases = {
      {"F32", {}},
      {"F32HalfPages", {}, KvType::kF16},
      {"Bfloat16Pages", {}, KvType::kBf16},
      {"Int8Pages", {}, KvType::kInt8},
      {"Fp8Pages", {}, KvType::kFp8},
      {"Window", {.window = 20}},
      {"OddInt8Pages",
       {.heads = 3, .kv_heads = 1, .head_dim = 20, .window = 150},
       KvType::kInt8},
      {"Gpt", {.tied = false, .gpt = true}},
      {"Rich", {.rich = true}},
      {"RichWindowInt8Pages", {.window = 90, .rich = true}, KvType::kInt8},
      {"Mixtral", {.hidden = 72, .moe = 1}},
      {"DeepSeekQ8", {.moe = 2, .matrix_type = DType::kQ8_0}},
      {"GptOssF16", {.moe = 3, .matrix_type = DType::kF16}},
      {"PhiMoe", {.moe = 4}},
      {"Llama4Q4", {.moe = 5, .matrix_type = DType::kQ4_1}},
      {"F16", {.matrix_type = DType::kF16}},
      {"Q8", {.matrix_type = DType::kQ8_0}},
      {"Q4", {.tied = false, .matrix_type = DType::kQ4_1}},
      {"OddHeads",
       {.width = 96, .heads = 6, .kv_heads = 3, .head_dim = 20, .hidden = 64}},
  };
  return cases;
}

class InvarianceTest
    : public testing::TestWithParam<std::tuple<Case, std::string>> {
 protected:
  void SetUp() override {
    const std::string& isa = std::get<1>(GetParam());
    if (!HasIsa(isa)) GTEST_SKIP() << "this processor lacks " << isa;
  }
};
INSTANTIATE_TEST_SUITE_P(Models, InvarianceTest,
                         testing::Combine(testing::ValuesIn(Cases()),
                                          testing::Values("reference", "avx2",
                                                          "avx512")),
                         [](const auto& info) {
                           return std::get<0>(info.param).name + "_" +
                                  std::get<1>(info.param);
                         });

TEST_P(InvarianceTest, LogitsDoNotDependOnNeighboursChunksThreadsOrPages) {
  const auto& [test_case, isa] = GetParam();
  const TinyModel model = MakeTinyModel(test_case.model);
  RigOptions options{.isa = isa, .kv_type = test_case.kv_type};
  Rig one = MakeRig(model, options);
  const int32_t vocabulary = model.plan->vocabulary_size;
  const std::vector<int32_t> tokens = RandomTokens(300, vocabulary, 3);
  const DrivenRequest whole{tokens, {300}, Pages(0, 19)};
  const auto expected = one.Run({whole});
  ASSERT_TRUE(expected.ok()) << expected.status();
  const std::vector<float>& logits = (*expected)[0];
  for (float value : logits) ASSERT_TRUE(std::isfinite(value));

  const DrivenRequest chunked{
      tokens, {1, 3, 40, 5, 100, 2, 107, 42}, Pages(20, 19)};
  EXPECT_EQ(FirstDifference((*one.Run({chunked}))[0], logits, vocabulary), "");

  options.threads = 2;
  options.page_tokens = 4;
  Rig two = MakeRig(model, options);
  EXPECT_EQ(FirstDifference((*two.Run({{tokens, {300}, Pages(0, 75)}}))[0],
                            logits, vocabulary),
            "");
  options.threads = 3;
  options.page_tokens = 32;
  Rig three = MakeRig(model, options);
  const std::vector<int32_t> others = RandomTokens(80, vocabulary, 4);
  const auto batched =
      three.Run({{others, {1, 60, 1, 1, 1, 1}, {20, 21, 22}},
                 {tokens, {7, 200, 1, 1, 64, 1, 26}, Pages(0, 10)},
                 {others, {1, 1, 1, 1, 1, 1, 1}, {23}}});
  ASSERT_TRUE(batched.ok()) << batched.status();
  EXPECT_EQ(FirstDifference((*batched)[1], logits, vocabulary), "");
  std::vector<float> same = (*batched)[0];
  same.resize((*batched)[2].size());
  EXPECT_EQ(FirstDifference((*batched)[2], same, vocabulary), "");
}

TEST_P(InvarianceTest, OneByOneIsTheWhole) {
  const auto& [test_case, isa] = GetParam();
  const TinyModel model = MakeTinyModel(test_case.model);
  Rig rig =
      MakeRig(model, {.threads = 2, .isa = isa, .kv_type = test_case.kv_type});
  const std::vector<int32_t> tokens = RandomTokens(40, 97, 5);
  const auto whole = rig.Run({{tokens, {40}, {0, 1, 2}}});
  const auto single =
      rig.Run({{tokens, std::vector<int32_t>(40, 1), {5, 4, 3}}});
  ASSERT_TRUE(whole.ok() && single.ok());
  EXPECT_EQ(FirstDifference((*whole)[0], (*single)[0], 97), "");
}

// The plan's operation at `index`, as an Op.
template <typename Op>
Op& At(model::Plan& plan, size_t index) {
  for (model::Op& op : plan.ops) {
    Op* found = std::get_if<Op>(&op);
    if (found != nullptr && index-- == 0) return *found;
  }
  static Op none;
  ADD_FAILURE() << "no such operation";
  return none;
}

// Each change makes a good plan one that is not run.
void ExpectWrong(const TinyOptions& options,
                 std::span<const std::function<void(model::Plan&)>> wrongs) {
  auto threads = *ThreadPool::Create({.thread_count = 1});
  const auto load = [&](const std::function<void(model::Plan&)>& change) {
    const TinyModel tiny = MakeTinyModel(options);
    auto plan = std::make_shared<model::Plan>(*tiny.plan);
    change(*plan);
    return CreateCpuBackend()
        ->LoadWeights(tiny.file, plan, {}, MemoryPool::Create(nullptr, 0),
                      threads.get(), nullptr)
        .status();
  };
  EXPECT_TRUE(load([](model::Plan&) {}).ok());
  for (size_t i = 0; i < wrongs.size(); ++i) {
    EXPECT_EQ(load(wrongs[i]).code(), absl::StatusCode::kInternal) << i;
  }
}

TEST(CpuBackend, WrongPlansAreInternalErrors) {
  using model::Plan;
  const std::function<void(Plan&)> wrongs[] = {
      [](Plan& p) { At<model::HeadNormOp>(p, 0).offset = -1; },
      [](Plan& p) { At<model::HeadNormOp>(p, 0).heads = 0; },
      [](Plan& p) { At<model::HeadNormOp>(p, 0).heads = 9; },
      [](Plan& p) { At<model::HeadNormOp>(p, 0).width = 17; },
      [](Plan& p) { At<model::HeadNormOp>(p, 0).width = 0; },
      [](Plan& p) { At<model::HeadNormOp>(p, 0).slot = 99; },
      [](Plan& p) { At<model::HeadNormOp>(p, 0).weight_per_head = true; },
      [](Plan& p) { At<model::HeadNormOp>(p, 1).weight_per_head = false; },
      [](Plan& p) { At<model::HeadNormOp>(p, 1).kind = model::NormKind::kRms; },
      [](Plan& p) { At<model::HeadNormOp>(p, 2).offset += 1; },
      [](Plan& p) { At<model::AddOp>(p, 0).in = 0; },
      [](Plan& p) { At<model::AddOp>(p, 0).in = 2; },
      [](Plan& p) { At<model::AddOp>(p, 0).out = -1; },
      [](Plan& p) { At<model::LinearOp>(p, 0).clip = -1; },
      [](Plan& p) { At<model::LinearOp>(p, 0).clip = NAN; },
      [](Plan& p) {
        At<model::LinearOp>(p, 0).activation = model::Activation::kSwigluOai;
      },
      [](Plan& p) {
        At<model::LinearOp>(p, 2).activation = model::Activation::kXielu;
      },
      [](Plan& p) { At<model::RopeAppendOp>(p, 0).q_norm = 0; },
      [](Plan& p) { At<model::RopeAppendOp>(p, 0).k_norm = 999; },
      [](Plan& p) { At<model::AttentionOp>(p, 0).softcap = INFINITY; },
      [](Plan& p) { At<model::AttentionOp>(p, 0).alibi_slopes.pop_back(); },
      [](Plan& p) { At<model::AttentionOp>(p, 0).sinks = 0; },
      [](Plan& p) { At<model::HeadOp>(p, 0).softcap = -2; },
  };
  ExpectWrong({.rich = true}, wrongs);
}

TEST(CpuBackend, WrongExpertsAreInternalErrors) {
  using model::Plan;
  const auto moe = [](Plan& p) -> model::MoeOp& {
    return At<model::MoeOp>(p, 0);
  };
  const std::function<void(Plan&)> wrongs[] = {
      [=](Plan& p) { moe(p).experts.clear(); },
      [=](Plan& p) { moe(p).experts.pop_back(); },
      [=](Plan& p) { moe(p).in = moe(p).out; },
      [=](Plan& p) { moe(p).in = 2; },
      [=](Plan& p) { moe(p).out = 4; },
      [=](Plan& p) { moe(p).top_k = 0; },
      [=](Plan& p) { moe(p).top_k = 5; },
      [=](Plan& p) { moe(p).groups_kept = 5; },
      [=](Plan& p) { moe(p).groups_kept = 0; },
      [=](Plan& p) { moe(p).group_count = 3; },
      [=](Plan& p) { moe(p).group_count = 0; },
      [=](Plan& p) { moe(p).router = 0; },
      [=](Plan& p) { moe(p).router_bias = 0; },
      [=](Plan& p) { moe(p).scale = INFINITY; },
      [=](Plan& p) { moe(p).jitter = NAN; },
      [=](Plan& p) { moe(p).score = model::RouterScore::kSparseMixer; },
      [=](Plan& p) { moe(p).activation = model::Activation::kXielu; },
      [=](Plan& p) { moe(p).experts[1].gate = -1; },
      [=](Plan& p) { moe(p).experts[1].up = -1; },
      [=](Plan& p) { moe(p).experts[1].down = moe(p).experts[1].up; },
      [=](Plan& p) { moe(p).experts[2].up_bias = 0; },
      [](Plan& p) { At<model::AddOp>(p, 0).gate_in = 2; },
      [](Plan& p) { At<model::AddOp>(p, 0).gate_in = -1; },
      [](Plan& p) { At<model::AddOp>(p, 0).gate = -1; },
  };
  ExpectWrong({.moe = 2}, wrongs);
}

// Experts multiply the rows that were routed to them, and no others.
TEST(CpuBackend, ExpertsCostWhatWasRouted) {
  const TinyModel model = MakeTinyModel({.hidden = 72, .moe = 1});
  Rig rig = MakeRig(model, {.threads = 2});
  const auto& executor = static_cast<cpu::CpuExecutor&>(*rig.executor);
  const std::vector<int32_t> tokens = RandomTokens(100, 97, 5);
  for (const int32_t rows : {1, 2, 3, 37, 100}) {
    ASSERT_TRUE(rig.Run({{tokens, {rows}, Pages(0, 7)}}).ok());
    // Layers, experts of a row, outputs of gate, up and down.
    EXPECT_EQ(executor.expert_outputs(), rows * 2 * 2 * (72 + 72 + 64));
  }
}

// Single rows whose keys threads share.
TEST(CpuBackend, ALongContextIsTheSameForAnyNumberOfThreads) {
  const TinyModel model =
      MakeTinyModel({.heads = 6, .kv_heads = 3, .layers = 1});
  const std::vector<int32_t> tokens = RandomTokens(910, 97, 6);
  std::vector<int32_t> chunks = {450, 450};
  chunks.resize(12, 1);
  for (KvType type : {KvType::kF16, KvType::kInt8, KvType::kFp8}) {
    std::vector<float> expected;
    for (int threads : {1, 2, 3, 7}) {
      Rig rig = MakeRig(model, {.threads = threads, .kv_type = type});
      const auto logits = rig.Run({{tokens, chunks, Pages(0, 57)}});
      ASSERT_TRUE(logits.ok()) << logits.status();
      if (threads == 1) expected = (*logits)[0];
      EXPECT_EQ(FirstDifference((*logits)[0], expected, 97), "") << threads;
    }
  }
}

TEST(CpuBackend, DescribesTheProcessor) {
  auto backend = CreateCpuBackend();
  EXPECT_EQ(backend->info().name, "cpu");
  EXPECT_FALSE(backend->info().description.empty());
  EXPECT_FALSE(backend->info().features.empty());
  EXPECT_GT(backend->info().memory_bytes, 0u);
  EXPECT_GT(backend->info().free_bytes, 0u);
}

}  // namespace
}  // namespace inlay::backend
