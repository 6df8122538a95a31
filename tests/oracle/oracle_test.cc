// Whole models through the real CPU backend against PyTorch in FP32.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cpp/engine/engine.h"
#include "cpp/io/source.h"
#include "gtest/gtest.h"
#include "tests/oracle/golden.h"

namespace inlay::oracle {
namespace {

using engine::Engine;

std::string Golden(const std::string& name) {
  return std::string(INLAY_SOURCE_DIR) + "/tests/goldens/models/" + name;
}

std::shared_ptr<engine::Engine> OpenEngine(const std::string& path,
                                           const std::string& isa) {
  auto context = engine::Context::Create({.thread_count = 2});
  EXPECT_TRUE(context.ok()) << context.status();
  auto source = io::OpenFile(path, true);
  EXPECT_TRUE(source.ok()) << source.status();
  if (!context.ok() || !source.ok()) return nullptr;
  engine::ModelOptions options;
  options.weights.isa = isa;
  auto model = engine::Model::Open(*context, *source, options);
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return nullptr;
  auto created = Engine::Create(*model, {});
  EXPECT_TRUE(created.ok()) << created.status();
  return created.ok() ? *created : nullptr;
}

struct TinyGolden {
  size_t n = 0, vocabulary = 0, generated = 0;
  std::vector<int32_t> tokens, greedy;
  std::vector<float> logits;
};

TinyGolden ReadTiny(const std::string& name) {
  const std::vector<char> bytes = ReadFile(Golden(name + ".golden"));
  TinyGolden golden;
  if (bytes.empty()) return golden;
  Cursor cursor(bytes);
  const auto sizes = cursor.Take<int32_t>(3);
  golden.n = static_cast<size_t>(sizes[0]);
  golden.vocabulary = static_cast<size_t>(sizes[1]);
  golden.generated = static_cast<size_t>(sizes[2]);
  golden.tokens = cursor.Take<int32_t>(golden.n);
  golden.greedy = cursor.Take<int32_t>(golden.generated);
  golden.logits = cursor.Take<float>(golden.n * golden.vocabulary);
  return golden;
}

class TinyModel : public testing::TestWithParam<const char*> {};

TEST_P(TinyModel, LogitsAgreeWithPyTorch) {
  const TinyGolden golden = ReadTiny(GetParam());
  ASSERT_GT(golden.n, 0u);
  auto engine = OpenEngine(Golden(std::string(GetParam()) + ".gguf"), "auto");
  ASSERT_NE(engine, nullptr);
  std::vector<float> logits(golden.logits.size());
  const Status status = engine->Score(golden.tokens, logits.data());
  ASSERT_TRUE(status.ok()) << status;
  double sum = 0, worst = 0;
  for (size_t i = 0; i < golden.n; ++i) {
    const size_t at = i * golden.vocabulary;
    const double kl =
        Divergence(LogSoftmax(golden.logits.data() + at, golden.vocabulary),
                   LogSoftmax(logits.data() + at, golden.vocabulary));
    sum += kl;
    worst = std::max(worst, kl);
  }
  std::cout << GetParam() << ": mean KL " << sum / double(golden.n)
            << ", worst " << worst << "\n";
  EXPECT_LE(sum / double(golden.n), 1e-6);
  EXPECT_LE(worst, 1e-5);
}

TEST_P(TinyModel, GreedyContinuationAgreesWithPyTorch) {
  const TinyGolden golden = ReadTiny(GetParam());
  ASSERT_GT(golden.n, 0u);
  auto engine = OpenEngine(Golden(std::string(GetParam()) + ".gguf"), "auto");
  ASSERT_NE(engine, nullptr);
  engine::Request request;
  request.parts.push_back(
      {.kind = engine::PromptPart::Kind::kTokens, .tokens = golden.tokens});
  request.add_special = false;
  request.ignore_end = true;
  request.max_tokens = static_cast<int32_t>(golden.generated);
  ASSERT_TRUE(engine->Submit(std::move(request)).ok());
  std::vector<int32_t> tokens;
  for (bool done = false; !done;) {
    auto events = engine->Poll(64, 10'000'000'000);
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_FALSE(events->empty()) << "no event within ten seconds";
    for (const engine::Event& event : *events) {
      tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
      ASSERT_NE(event.kind, engine::EventKind::kFailed) << event.status;
      done = done || event.kind == engine::EventKind::kFinished;
    }
  }
  EXPECT_EQ(tokens, golden.greedy);
}

INSTANTIATE_TEST_SUITE_P(All, TinyModel,
                         testing::Values("tiny-llama", "tiny-qwen2",
                                         "tiny-gpt2"));

// The divergence over the k likeliest tokens and the rest as one bin.
double CoarseDivergence(const int32_t* ids, const float* logprobs, size_t k,
                        const std::vector<double>& ours) {
  std::vector<double> p, q;
  double p_rest = 1, q_rest = 1;
  for (size_t i = 0; i < k; ++i) {
    p.push_back(logprobs[i]);
    q.push_back(ours[static_cast<size_t>(ids[i])]);
    p_rest -= std::exp(p.back());
    q_rest -= std::exp(q.back());
  }
  p.push_back(std::log(std::max(p_rest, 1e-12)));
  q.push_back(std::log(std::max(q_rest, 1e-12)));
  return Divergence(p, q);
}

TEST(RealModel, SmolLm2AgreesWithPyTorch) {
  const char* path = std::getenv("INLAY_TEST_MODEL");
  ASSERT_NE(path, nullptr)
      << "INLAY_TEST_MODEL must name SmolLM2-135M-Instruct.Q4_1.gguf; "
         "tests/run.sh fetches it";
  const std::vector<char> bytes = ReadFile(Golden("smollm2.golden"));
  ASSERT_FALSE(bytes.empty());
  Cursor cursor(bytes);
  const auto sizes = cursor.Take<int32_t>(2);
  const size_t n = static_cast<size_t>(sizes[0]);
  const size_t k = static_cast<size_t>(sizes[1]);
  const auto tokens = cursor.Take<int32_t>(n);
  const auto ids = cursor.Take<int32_t>(n * k);
  const auto logprobs = cursor.Take<float>(n * k);
  auto engine = OpenEngine(path, "auto");
  ASSERT_NE(engine, nullptr);
  const size_t vocabulary =
      static_cast<size_t>(engine->model()->plan()->vocabulary_size);
  std::vector<float> logits(n * vocabulary);
  const Status status = engine->Score(tokens, logits.data());
  ASSERT_TRUE(status.ok()) << status;
  double sum = 0;
  for (size_t i = 0; i < n; ++i) {
    sum += CoarseDivergence(
        ids.data() + i * k, logprobs.data() + i * k, k,
        LogSoftmax(logits.data() + i * vocabulary, vocabulary));
  }
  std::cout << "SmolLM2: mean KL over " << n << " positions " << sum / double(n)
            << " (" << engine->model()->weights()->recipe() << ")\n";
  EXPECT_LE(sum / double(n), 3e-3);
}

}  // namespace
}  // namespace inlay::oracle
