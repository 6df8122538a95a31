// A request's answer does not depend on its neighbours or on the number of
// threads, for every type of weights and on every instruction set that can run
// here: the same tokens and the same bits of every log-probability alone and in
// a batch of 64.
//
// INLAY_TEST_ALL=1 compares all 64, otherwise every eighth; on the plain C++
// kernels, which are slow, some types only.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "kernels/common/dtype.h"
#include "kernels/common/half.h"
#include "kernels/cpu/isa.h"
#include "tests/formats/gguf_builder.h"
#include "tests/serving/load_answers.h"
#include "tests/serving/load_model.h"

namespace inlay::serving {
namespace {

using kernels::DType;
using kernels::cpu::Isa;

constexpr int kBatch = 64;
constexpr uint64_t kWidth = 256, kHidden = 512, kKeyWidth = 128;
constexpr uint64_t kTokens = 200;
constexpr int32_t kGenerated = 6;

struct WeightType {
  DType type;
  uint32_t gguf;  // its number in the file
};

constexpr WeightType kTypes[] = {
    {DType::kF32, 0},    {DType::kF16, 1},     {DType::kBF16, 30},
    {DType::kQ4_0, 2},   {DType::kQ4_1, 3},    {DType::kQ5_0, 6},
    {DType::kQ5_1, 7},   {DType::kQ8_0, 8},    {DType::kQ2_K, 10},
    {DType::kQ3_K, 11},  {DType::kQ4_K, 12},   {DType::kQ5_K, 13},
    {DType::kQ6_K, 14},  {DType::kIQ4_NL, 20}, {DType::kIQ4_XS, 23},
    {DType::kMXFP4, 39},
};

bool RunAll() { return std::getenv("INLAY_TEST_ALL") != nullptr; }

std::string NameOf(DType type) {
  return std::string(kernels::GetDTypeInfo(type).name);
}

// One plain element of ordinary size.
void PutNumber(DType type, float value, uint8_t* out) {
  if (type == DType::kF16) {
    const uint16_t half = kernels::FloatToHalf(value);
    std::memcpy(out, &half, sizeof half);
    return;
  }
  uint8_t bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  const size_t size = type == DType::kF32 ? 4 : 2;
  std::memcpy(out, bytes + sizeof value - size, size);
}

// Random bytes whose largest weight is of ordinary size.
void PutBlock(DType type, std::mt19937& random, uint8_t* out) {
  const kernels::DTypeInfo& info = kernels::GetDTypeInfo(type);
  std::vector<float> values(static_cast<size_t>(info.block_elements));
  for (;;) {
    for (int32_t i = 0; i < info.block_bytes; ++i) {
      out[i] = static_cast<uint8_t>(random());
    }
    kernels::Dequantize(type, out, info.block_elements, values.data());
    bool finite = true;
    float most = 0;
    for (const float value : values) {
      finite = finite && std::isfinite(value);
      most = std::max(most, std::fabs(value));
    }
    if (finite && most > 0.02f && most < 0.3f) return;
  }
}

std::vector<uint8_t> RandomWeights(DType type, uint64_t count,
                                   std::mt19937& random) {
  const kernels::DTypeInfo& info = kernels::GetDTypeInfo(type);
  std::normal_distribution<float> normal(0, 0.06f);
  const size_t blocks = count / static_cast<size_t>(info.block_elements);
  std::vector<uint8_t> bytes(blocks * static_cast<size_t>(info.block_bytes));
  for (size_t i = 0; i < blocks; ++i) {
    uint8_t* const out = &bytes[i * static_cast<size_t>(info.block_bytes)];
    if (info.block_elements == 1) {
      PutNumber(type, normal(random), out);
    } else {
      PutBlock(type, random, out);
    }
  }
  return bytes;
}

// A Llama of two layers, all of whose matrices have one type.
class LlamaFile {
 public:
  explicit LlamaFile(const WeightType& type) : type_(type) {
    file_.String("general.architecture", "llama")
        .U32("llama.block_count", 2)
        .U32("llama.context_length", 256)
        .U32("llama.embedding_length", kWidth)
        .U32("llama.feed_forward_length", kHidden)
        .U32("llama.attention.head_count", 4)
        .U32("llama.attention.head_count_kv", 2)
        .F32("llama.attention.layer_norm_rms_epsilon", 1e-5f);
    Matrix("token_embd.weight", kWidth, kTokens);
    Norm("output_norm.weight");
    for (const std::string layer : {"blk.0.", "blk.1."}) {
      Norm(layer + "attn_norm.weight");
      Matrix(layer + "attn_q.weight", kWidth, kWidth);
      Matrix(layer + "attn_k.weight", kWidth, kKeyWidth);
      Matrix(layer + "attn_v.weight", kWidth, kKeyWidth);
      Matrix(layer + "attn_output.weight", kWidth, kWidth);
      Norm(layer + "ffn_norm.weight");
      Matrix(layer + "ffn_gate.weight", kWidth, kHidden);
      Matrix(layer + "ffn_up.weight", kWidth, kHidden);
      Matrix(layer + "ffn_down.weight", kHidden, kWidth);
    }
  }
  std::vector<uint8_t> Build() const { return file_.Build(); }

 private:
  void Matrix(const std::string& name, uint64_t columns, uint64_t rows) {
    file_.Tensor(name, type_.gguf, {columns, rows},
                 RandomWeights(type_.type, columns * rows, random_));
  }
  void Norm(const std::string& name) {
    file_.FloatTensor(name, {kWidth}, std::vector<float>(kWidth, 1.0f));
  }

  const WeightType type_;
  std::mt19937 random_{17};
  formats::GgufBuilder file_;
};

engine::Request OneRequest(uint32_t index) {
  std::mt19937 random(index);
  const size_t length = index == 0 ? 180 : 1 + random() % 24;
  std::vector<int32_t> tokens(length);
  for (int32_t& token : tokens) {
    token = static_cast<int32_t>(random() % kTokens);
  }
  engine::Request request = TokenRequest(std::move(tokens), kGenerated);
  request.sampling.logprobs = 3;
  if (index % 2 == 1) {
    request.sampling.temperature = 0.9f;
    request.sampling.seed = index;
  }
  return request;
}

std::shared_ptr<engine::Engine> MakeEngine(
    const std::shared_ptr<std::vector<uint8_t>>& bytes, Isa isa, int threads) {
  engine::ContextOptions context_options;
  context_options.thread_count = threads;
  auto context = engine::Context::Create(std::move(context_options));
  EXPECT_TRUE(context.ok()) << context.status();
  auto source = io::OpenMemory(*bytes, [bytes] {});
  EXPECT_TRUE(source.ok()) << source.status();
  engine::ModelOptions options;
  options.weights.isa = kernels::cpu::IsaName(isa);
  auto model = engine::Model::Open(*context, *source, options);
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return nullptr;
  engine::EngineOptions engine_options;
  engine_options.host_driven = true;
  engine_options.max_concurrency = kBatch;
  engine_options.context_length = 256;
  engine_options.prefix_cache = false;
  auto engine = engine::Engine::Create(*model, engine_options);
  EXPECT_TRUE(engine.ok()) << engine.status();
  return engine.ok() ? *engine : nullptr;
}

// The answers of the requests from 0 to kBatch - 1 in steps of `stride`, each
// by itself or all at once.
std::vector<Answer> AnswersOf(engine::Engine& engine, uint32_t stride,
                              bool together) {
  Answers answers;
  std::vector<uint64_t> ids;
  for (uint32_t i = 0; i < kBatch; i += stride) {
    const auto id = engine.Submit(OneRequest(i));
    EXPECT_TRUE(id.ok()) << id.status();
    ids.push_back(id.ok() ? *id : 0);
    if (together) continue;
    const Status run = RunToEnd(engine, &answers);
    EXPECT_TRUE(run.ok()) << run;
  }
  EXPECT_TRUE(RunToEnd(engine, &answers).ok());
  std::vector<Answer> in_order;
  for (const uint64_t id : ids) in_order.push_back(answers[id]);
  return in_order;
}

class WeightTypes : public testing::TestWithParam<WeightType> {};

TEST_P(WeightTypes, AnswersAloneAreThoseInABatchOf64) {
  const auto bytes =
      std::make_shared<std::vector<uint8_t>>(LlamaFile(GetParam()).Build());
  const uint32_t stride = RunAll() ? 1 : 8;
  for (const Isa isa : kernels::cpu::kIsas) {
    if (!kernels::cpu::IsaSupported(isa)) continue;
    if (isa == Isa::kReference && !RunAll() && GetParam().gguf % 8 != 0) {
      continue;
    }
    SCOPED_TRACE(kernels::cpu::IsaName(isa));
    const auto single = MakeEngine(bytes, isa, 1);
    ASSERT_NE(single, nullptr);
    const std::vector<Answer> alone = AnswersOf(*single, stride, false);
    for (const int threads : {1, 2}) {
      const auto engine =
          threads == 1 ? single : MakeEngine(bytes, isa, threads);
      ASSERT_NE(engine, nullptr);
      const std::vector<Answer> batch = AnswersOf(*engine, 1, true);
      for (size_t i = 0; i < alone.size(); ++i) {
        const size_t request = i * stride;
        ASSERT_TRUE(alone[i].status.ok()) << alone[i].status;
        EXPECT_EQ(Difference(alone[i], batch[request]), "")
            << "request " << request << ", " << threads << " threads";
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, WeightTypes, testing::ValuesIn(kTypes),
                         [](const auto& info) {
                           return NameOf(info.param.type);
                         });

}  // namespace
}  // namespace inlay::serving
