#include "cpp/engine/memory_choice.h"

#include "tests/engine/engine_fixture.h"

namespace inlay::engine {
namespace {

using absl::StatusCode;

StatusOr<EngineConfig> Choose(const EngineOptions& options,
                              const MemorySituation& situation) {
  INLAY_RETURN_IF_ERROR(CheckOptions(options, situation.model_context));
  return ChooseCache(options, situation,
                     ChooseShape(options, situation.model_context));
}

TEST(MemoryChoice, DefaultsHoldOneContext) {
  const auto rich = Choose(
      {}, {.model_context = 8192, .kv_per_page = 1000, .available = 1u << 30});
  ASSERT_TRUE(rich.ok());
  EXPECT_EQ(rich->context_length, 8192);
  EXPECT_EQ(rich->page_count, 256);
  EXPECT_EQ(rich->kv_cache_bytes, 256u * 1000);
  EXPECT_EQ(rich->max_step_tokens, 512);
  EXPECT_NE(rich->explanation.find("context 8192"), std::string::npos);
  EXPECT_EQ(Choose({}, {8192, 1000, 256'000})->page_count, 256);
  // A very long context is not committed unasked, but can be had.
  const MemorySituation plenty{131072, 1000, 1u << 30};
  EXPECT_EQ(Choose({}, plenty)->context_length, 32768);
  EngineOptions options;
  options.context_length = 131072;
  EXPECT_EQ(Choose(options, plenty)->context_length, 131072);
}

TEST(MemoryChoice, AChosenContextShrinksASetOneDoesNot) {
  const auto small = Choose({}, {8192, 1000, 10'500});
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(small->context_length, 320);
  EXPECT_EQ(small->page_count, 10);
  EngineOptions options;
  options.context_length = 4096;
  const auto refused = Choose(options, {8192, 1000, 10'500});
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted);
  EXPECT_NE(refused.status().message().find("128 pages"), std::string::npos);
  EXPECT_EQ(Choose({}, {8192, 1000, 999}).status().code(),
            StatusCode::kResourceExhausted);
}

TEST(MemoryChoice, AnEncoderHoldsSeveralContexts) {
  MemorySituation situation{512, 1000, 1u << 30};
  situation.encoder = true;
  EXPECT_EQ(Choose({}, situation)->page_count, 64);
  situation.available = 20'000;
  EXPECT_EQ(Choose({}, situation)->page_count, 16);
}

TEST(MemoryChoice, ASmallEngineHasSmallSteps) {
  EngineOptions options;
  options.context_length = 100;
  options.max_concurrency = 1;
  const auto config = Choose(options, {8192, 1000, 1u << 30});
  EXPECT_EQ(config->max_step_tokens, 100);
  EXPECT_EQ(config->page_count, 4);
}

TEST(MemoryChoice, RefusesContradictions) {
  const MemorySituation plenty{8192, 1000, 1u << 30};
  EngineOptions options;
  options.max_concurrency = -1;
  EXPECT_EQ(Choose(options, plenty).status().code(),
            StatusCode::kInvalidArgument);
  options = {};
  options.context_length = 8193;
  EXPECT_EQ(Choose(options, plenty).status().code(), StatusCode::kOutOfRange);
  options.context_length = 1;
  EXPECT_EQ(Choose(options, plenty).status().code(),
            StatusCode::kInvalidArgument);
  options = {};
  options.max_step_tokens = 4;
  options.max_concurrency = 5;
  EXPECT_EQ(Choose(options, plenty).status().code(),
            StatusCode::kInvalidArgument);
  options.max_concurrency = 0;
  EXPECT_EQ(Choose(options, plenty)->max_concurrency, 4);
  options.max_queue = 1 << 21;
  EXPECT_EQ(Choose(options, plenty).status().code(),
            StatusCode::kInvalidArgument);
}

class EngineChoiceTest : public EngineFixture {};

TEST_F(EngineChoiceTest, EstimateCountsWhatCreateTakes) {
  const uint64_t before = context_->memory()->used_bytes();
  const auto estimate = Engine::Estimate(*model_, HostDriven());
  ASSERT_TRUE(estimate.ok());
  EXPECT_EQ(estimate->weights, backend::FakeBackend::kWeightBytes);
  MakeEngine(HostDriven());
  EXPECT_EQ(context_->memory()->used_bytes() - before, estimate->kv_cache);
  EXPECT_EQ(engine_->config().kv_cache_bytes, estimate->kv_cache);
}

TEST_F(EngineChoiceTest, TheBudgetBoundsTheCache) {
  MakeModel(true, false, backend::FakeBackend::kWeightBytes + 10 * 128 + 5);
  const auto config = Engine::Choose(*model_, HostDriven());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->page_count, 10);
  EXPECT_EQ(config->context_length, 320);
  MakeEngine(HostDriven());
}

TEST_F(EngineChoiceTest, NeedsWeightsAndAPlan) {
  Model::Parts parts;
  parts.context = context_;
  parts.file = std::make_shared<formats::ModelFile>(
      nullptr, "fake", std::vector<formats::MetadataEntry>(),
      std::vector<formats::TensorInfo>());
  parts.plan_status = absl::UnimplementedError("an unknown architecture");
  const auto model = Model::FromParts(std::move(parts));
  EXPECT_EQ(Engine::Choose(*model, {}).status().code(),
            StatusCode::kUnimplemented);
  EXPECT_EQ(Engine::Create(model, {}).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(Engine::Create(nullptr, {}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Context, FindsDevicesByName) {
  ContextOptions options;
  options.thread_count = 1;
  options.backends = {std::make_shared<backend::FakeBackend>()};
  auto context = Context::Create(options);
  ASSERT_TRUE(context.ok());
  EXPECT_TRUE((*context)->FindBackend("").ok());
  EXPECT_TRUE((*context)->FindBackend("auto").ok());
  EXPECT_TRUE((*context)->FindBackend("fake").ok());
  const auto missing = (*context)->FindBackend("cuda:0");
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_NE(missing.status().message().find("fake"), std::string::npos);
  options.thread_count = -1;
  EXPECT_EQ(Context::Create(options).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace inlay::engine
