// Tiny encoders from Hugging Face folders against transformers in FP32, alone
// and many in a step.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cpp/engine/engine.h"
#include "gtest/gtest.h"
#include "tests/oracle/encoder_gguf.h"
#include "tests/oracle/golden.h"
#include "tests/oracle/weights.h"

namespace inlay::oracle {
namespace {

using engine::Engine;
using scheduler::Pooling;

constexpr double kTolerance = 2e-4;  // of the range of a vector

struct Input {
  std::vector<int32_t> tokens;
  std::vector<float> vectors[3];  // as Pooling counts
};

struct EncoderGolden {
  size_t width = 0;
  uint64_t seed = 0;
  std::vector<Input> inputs;
};

std::string FolderOf(const std::string& name) {
  return std::string(INLAY_SOURCE_DIR) + "/tests/goldens/encoders/" + name;
}

EncoderGolden ReadEncoderGolden(const std::string& name) {
  const std::vector<char> bytes = ReadFile(FolderOf(name) + "/golden");
  EncoderGolden golden;
  if (bytes.empty()) return golden;
  Cursor cursor(bytes);
  const auto sizes = cursor.Take<int32_t>(3);
  golden.width = static_cast<size_t>(sizes[0]);
  golden.seed = static_cast<uint64_t>(sizes[2]);
  for (int i = 0; i < sizes[1]; ++i) {
    Input input;
    const auto count = cursor.Take<int32_t>(1);
    input.tokens = cursor.Take<int32_t>(static_cast<size_t>(count[0]));
    for (auto& vector : input.vectors) {
      vector = cursor.Take<float>(golden.width);
    }
    golden.inputs.push_back(std::move(input));
  }
  return golden;
}

io::MemoryFile TextFile(const std::string& name, const std::string& text) {
  return {name, {text.begin(), text.end()}};
}

std::shared_ptr<Engine> OpenSource(std::shared_ptr<io::Source> source,
                                   const engine::EngineOptions& options) {
  auto context = engine::Context::Create({.thread_count = 2});
  EXPECT_TRUE(context.ok()) << context.status();
  auto model = engine::Model::Open(*context, std::move(source), {});
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return nullptr;
  auto created = Engine::Create(*model, options);
  EXPECT_TRUE(created.ok()) << created.status();
  return created.ok() ? *created : nullptr;
}

// The golden's model with other files beside it; `replace` changes its config.
std::shared_ptr<Engine> OpenEncoder(const std::string& name, uint64_t seed,
                                    std::vector<io::MemoryFile> files,
                                    const engine::EngineOptions& options = {},
                                    const std::string& from = "",
                                    const std::string& to = "") {
  const std::vector<char> list = ReadFile(FolderOf(name) + "/tensors.txt");
  const std::vector<char> config = ReadFile(FolderOf(name) + "/config.json");
  const auto tensors = ReadTensorList({list.begin(), list.end()});
  std::string text(config.begin(), config.end());
  if (!from.empty()) {
    EXPECT_NE(text.find(from), text.npos);
    text.replace(text.find(from), from.size(), to);
  }
  files.push_back(TextFile("config.json", text));
  files.push_back(
      {"model.safetensors", MakeSafetensors(seed, tensors, 0, tensors.size())});
  return OpenSource(io::FolderSource(io::MakeMemoryFolder(std::move(files))),
                    options);
}

std::shared_ptr<Engine> OpenGguf(const std::string& name, uint64_t seed,
                                 size_t skipped, uint32_t pooling) {
  const std::vector<char> list = ReadFile(FolderOf(name) + "/tensors.txt");
  auto bytes = std::make_shared<std::vector<uint8_t>>(
      MakeEncoderGguf(seed, ReadTensorList({list.begin(), list.end()}),
                      name.rfind("modernbert", 0) == 0, skipped, pooling));
  auto source = io::OpenMemory(*bytes, [bytes] {});
  EXPECT_TRUE(source.ok()) << source.status();
  return source.ok() ? OpenSource(*std::move(source), {}) : nullptr;
}

double Difference(const std::vector<float>& expected, const float* actual) {
  const auto [least, most] =
      std::minmax_element(expected.begin(), expected.end());
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::fabs(double{actual[i]} - expected[i]) /
                                (double{*most} - *least));
  }
  return worst;
}

class Encoder : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    golden_ = ReadEncoderGolden(GetParam());
    ASSERT_FALSE(golden_.inputs.empty());
  }

  std::vector<float> Embed(Engine& engine, engine::EmbedRequest request) {
    std::vector<float> out(request.inputs.size() * golden_.width, -1e30f);
    const Status status = engine.Embed(std::move(request), out.data());
    EXPECT_TRUE(status.ok()) << status;
    return out;
  }

  EncoderGolden golden_;
};

TEST_P(Encoder, AgreesWithTransformers) {
  auto engine = OpenEncoder(GetParam(), golden_.seed, {});
  ASSERT_NE(engine, nullptr);
  for (const Pooling pooling :
       {Pooling::kCls, Pooling::kMean, Pooling::kLast}) {
    for (const Input& input : golden_.inputs) {
      const std::vector<float> out = Embed(
          *engine,
          {.inputs = {input.tokens}, .pooling = pooling, .normalize = false});
      EXPECT_LE(
          Difference(input.vectors[static_cast<size_t>(pooling)], out.data()),
          kTolerance)
          << input.tokens.size();
    }
  }
}

TEST_P(Encoder, NeighboursChangeNothing) {
  auto engine = OpenEncoder(GetParam(), golden_.seed, {});
  ASSERT_NE(engine, nullptr);
  engine::EmbedRequest all;
  std::vector<float> alone;
  for (int round = 0; round < 3; ++round) {
    for (const Input& input : golden_.inputs) {
      all.inputs.push_back(input.tokens);
      const auto own = Embed(*engine, {.inputs = {input.tokens}});
      alone.insert(alone.end(), own.begin(), own.end());
    }
  }
  const uint64_t before = engine->stats().steps;
  EXPECT_EQ(Embed(*engine, all), alone);
  // 15 inputs share steps, as far as rows and pages go.
  EXPECT_LE(engine->stats().steps - before, 6u);
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] { EXPECT_EQ(Embed(*engine, all), alone); });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(engine->stats().pages_used, 0);
}

TEST_P(Encoder, CallsThatWaitAreBounded) {
  engine::EngineOptions options;
  options.max_queue = 1;
  auto engine = OpenEncoder(GetParam(), golden_.seed, {}, options);
  ASSERT_NE(engine, nullptr);
  engine::EmbedRequest long_call;
  long_call.inputs.assign(200, golden_.inputs[2].tokens);
  std::atomic<bool> enough = false;
  std::thread other([&] {
    std::vector<float> out(long_call.inputs.size() * golden_.width);
    while (!enough) (void)engine->Embed(long_call, out.data());
  });
  std::vector<float> out(golden_.width);
  Status refused;
  for (int i = 0; i < 100'000 && refused.ok(); ++i) {
    refused = engine->Embed({.inputs = {{5}}}, out.data());
  }
  enough = true;
  other.join();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_TRUE(refused.GetPayload(engine::kRetryAfterPayload).has_value());
  EXPECT_TRUE(engine->Embed({.inputs = {{5}}}, out.data()).ok());
}

TEST_P(Encoder, TheFolderSaysHowVectorsAreMade) {
  const std::string modules =
      R"([{"type":"sentence_transformers.models.Transformer","path":""},)"
      R"({"type":"sentence_transformers.models.Pooling","path":"1_Pooling"}])";
  auto engine = OpenEncoder(GetParam(), golden_.seed,
                            {TextFile("modules.json", modules),
                             TextFile("1_Pooling/config.json",
                                      R"({"word_embedding_dimension":48,)"
                                      R"("pooling_mode_cls_token":true,)"
                                      R"("pooling_mode_mean_tokens":false})")});
  ASSERT_NE(engine, nullptr);
  const Input& input = golden_.inputs[2];
  const auto out = Embed(*engine, {.inputs = {input.tokens}});
  EXPECT_LE(Difference(input.vectors[0], out.data()), kTolerance);
  const auto unit =
      Embed(*engine, {.inputs = {input.tokens}, .normalize = true});
  double squares = 0;
  for (const float x : unit) squares += double{x} * x;
  EXPECT_NEAR(squares, 1.0, 1e-5);
}

TEST_P(Encoder, RefusesWhatItCannotDo) {
  engine::EngineOptions options;
  options.max_concurrency = 1;
  options.max_step_tokens = 64;
  auto engine = OpenEncoder(GetParam(), golden_.seed,
                            {TextFile("modules.json", "[{}]")}, options);
  ASSERT_NE(engine, nullptr);
  std::vector<float> out(1000);
  const auto code = [&](std::vector<std::vector<int32_t>> inputs) {
    return engine
        ->Embed({.inputs = std::move(inputs), .pooling = Pooling::kMean},
                out.data())
        .code();
  };
  EXPECT_EQ(code({}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{}}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{289}}), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code({std::vector<int32_t>(65, 5)}), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code({std::vector<int32_t>(64, 5)}), absl::StatusCode::kOk);
  // The model's own pooling is unknown.
  EXPECT_FALSE(engine->Embed({.inputs = {{5}}}, out.data()).ok());
  EXPECT_EQ(engine->Score({5}, out.data()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine->Rank({.inputs = {{5}}}, out.data()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(engine->Submit({}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(engine->Close(engine::CloseMode::kCancel, 0).ok());
  EXPECT_EQ(code({{5}}), absl::StatusCode::kFailedPrecondition);
}

constexpr char kPooling[] =
    R"([{"type":"sentence_transformers.models.Transformer","path":""},)"
    R"({"type":"sentence_transformers.models.Pooling","path":"1_Pooling"})";

// A folder of a decoder with a head embeds if modules.json says how.
TEST(Decoder, EmbedsByItsLastToken) {
  const EncoderGolden golden = ReadEncoderGolden("qwen2-embedding");
  const auto open = [&](const std::string& to) {
    return OpenEncoder("qwen2-embedding", golden.seed,
                       {TextFile("modules.json", std::string(kPooling) + "]"),
                        TextFile("1_Pooling/config.json",
                                 R"({"pooling_mode_lasttoken":true})")},
                       {}, "\"Qwen2Model\"", to);
  };
  auto engine = open("\"Qwen2ForCausalLM\"");
  ASSERT_NE(engine, nullptr);
  for (const Input& input : golden.inputs) {
    std::vector<float> out(golden.width);
    ASSERT_TRUE(
        engine
            ->Embed({.inputs = {input.tokens}, .normalize = false}, out.data())
            .ok());
    EXPECT_LE(Difference(input.vectors[2], out.data()), kTolerance);
  }
  EXPECT_EQ(engine->Submit({}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(Dense, StandsBehindThePooling) {
  const EncoderGolden golden = ReadEncoderGolden("bert");
  const std::vector<char> bytes = ReadFile(FolderOf("dense"));
  const size_t width = bytes.size() / sizeof(float) / golden.inputs.size();
  ASSERT_EQ(width, 20u);
  const std::vector<StoredTensor> tensors = {{"linear.weight", {20, 48}},
                                             {"linear.bias", {20}}};
  const auto open = [&](const std::string& features) {
    return OpenEncoder(
        "bert", golden.seed,
        {TextFile("modules.json",
                  std::string(kPooling) +
                      R"(,{"type":"sentence_transformers.models.Dense",)"
                      R"("path":"2_Dense"},{"type":)"
                      R"("sentence_transformers.models.Normalize",)"
                      R"("path":"3_Normalize"}])"),
         TextFile("1_Pooling/config.json",
                  R"({"pooling_mode_mean_tokens":true})"),
         TextFile("2_Dense/config.json",
                  R"({"in_features":48,"out_features":)" + features +
                      R"(,"bias":true,"activation_function":)"
                      R"("torch.nn.modules.activation.Tanh"})"),
         {"2_Dense/model.safetensors",
          MakeSafetensors(golden.seed, tensors, 0, 2)}});
  };
  auto engine = open("20");
  ASSERT_NE(engine, nullptr);
  EXPECT_EQ(engine->model()->vector_length(), 20);
  Cursor cursor(bytes);
  for (const Input& input : golden.inputs) {
    std::vector<float> out(width);
    const Status status = engine->Embed({.inputs = {input.tokens}}, out.data());
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_LE(Difference(cursor.Take<float>(width), out.data()), kTolerance);
  }
  auto other = open("21");  // not the tensors' shape
  ASSERT_NE(other, nullptr);
  std::vector<float> out(64);
  EXPECT_EQ(other->Embed({.inputs = {{5}}}, out.data()).code(),
            absl::StatusCode::kInvalidArgument);
}

// Its pooling_type says which rows make the vector: 1 the mean, 2 the first.
TEST(EncoderGguf, AgreesWithTransformers) {
  for (const std::string name : {"bert", "xlm-roberta", "modernbert"}) {
    const EncoderGolden golden = ReadEncoderGolden(name);
    for (const uint32_t pooling : {1u, 2u}) {
      auto engine =
          OpenGguf(name, golden.seed, name == "xlm-roberta" ? 2 : 0, pooling);
      ASSERT_NE(engine, nullptr);
      for (const Input& input : golden.inputs) {
        std::vector<float> out(golden.width);
        ASSERT_TRUE(engine
                        ->Embed({.inputs = {input.tokens}, .normalize = false},
                                out.data())
                        .ok());
        EXPECT_LE(Difference(input.vectors[pooling == 1 ? 1 : 0], out.data()),
                  kTolerance)
            << name << " " << pooling << " " << input.tokens.size();
      }
    }
  }
}

Status OpenChanged(const std::string& name, const std::string& from,
                   const std::string& to) {
  const std::vector<char> list = ReadFile(FolderOf(name) + "/tensors.txt");
  const std::vector<char> config = ReadFile(FolderOf(name) + "/config.json");
  const auto tensors = ReadTensorList({list.begin(), list.end()});
  std::string text(config.begin(), config.end());
  EXPECT_NE(text.find(from), text.npos) << from;
  text.replace(text.find(from), from.size(), to);
  auto context = engine::Context::Create({.thread_count = 1});
  EXPECT_TRUE(context.ok());
  return engine::Model::Open(
             *context,
             io::FolderSource(io::MakeMemoryFolder(
                 {TextFile("config.json", text),
                  {"model.safetensors",
                   MakeSafetensors(7, tensors, 0, tensors.size())}})),
             {})
      .status();
}

// What is said in config.json and cannot be done is named.
TEST(Encoders, RefuseConfigurationsByName) {
  struct Case {
    std::string name, from, to, message;
  };
  const Case cases[] = {
      {"modernbert", "\"norm_bias\": false", "\"norm_bias\": true",
       "norm_bias"},
      {"modernbert", "\"local_attention\": 16", "\"local_attention\": -2",
       "local_attention"},
      {"modernbert-old", "\"global_attn_every_n_layers\": 2",
       "\"global_attn_every_n_layers\": 0", "global_attn_every_n_layers"},
      {"modernbert-reranker", "\"classifier_pooling\": \"mean\"",
       "\"classifier_pooling\": \"max\"", "classifier_pooling"},
      {"modernbert", "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"",
       "rope_type"},
      {"modernbert", "\"intermediate_size\": 80", "\"intermediate_size\": 81",
       "mlp.Wi.weight"},
      {"qwen2-embedding", "\"hidden_act\"",
       "\"is_causal\": false, \"hidden_act\"", "is_causal"},
      {"qwen2-embedding", "\"Qwen2Model\"", "\"Qwen2ForCausalLM\"",
       "lm_head.weight"}};
  for (const Case& c : cases) {
    const Status status = OpenChanged(c.name, c.from, c.to);
    EXPECT_FALSE(status.ok()) << c.to;
    EXPECT_NE(std::string(status.message()).find(c.message), std::string::npos)
        << c.to << ": " << status;
  }
}

struct Pair {
  std::vector<int32_t> tokens, types;
  float logit = 0;
};

struct RankGolden {
  uint64_t seed = 0;
  std::vector<Pair> pairs;
};

RankGolden ReadRankGolden(const std::string& name) {
  const std::vector<char> bytes = ReadFile(FolderOf(name) + "/golden");
  RankGolden golden;
  if (bytes.empty()) return golden;
  Cursor cursor(bytes);
  const auto sizes = cursor.Take<int32_t>(3);
  golden.seed = static_cast<uint64_t>(sizes[2]);
  for (int i = 0; i < sizes[1]; ++i) {
    Pair pair;
    const auto count = static_cast<size_t>(cursor.Take<int32_t>(1)[0]);
    pair.tokens = cursor.Take<int32_t>(count);
    pair.types.assign(static_cast<size_t>(cursor.Take<int32_t>(1)[0]), 0);
    pair.types.resize(count, 1);
    pair.logit = cursor.Take<float>(1)[0];
    golden.pairs.push_back(std::move(pair));
  }
  return golden;
}

class Reranker : public testing::TestWithParam<std::string> {};

// One vector's scores have no range of their own; the logits lie within a few
// units of 0.
TEST_P(Reranker, AgreesWithTransformersAloneAndTogether) {
  const RankGolden golden = ReadRankGolden(GetParam());
  ASSERT_EQ(golden.pairs.size(), 5u);
  auto engine = OpenEncoder(GetParam(), golden.seed, {});
  ASSERT_NE(engine, nullptr);
  engine::EmbedRequest all;
  std::vector<float> alone;
  for (const Pair& pair : golden.pairs) {
    all.inputs.push_back(pair.tokens);
    all.types.push_back(pair.types);
    float score = -1e30f;
    const Status status =
        engine->Rank({.inputs = {pair.tokens}, .types = {pair.types}}, &score);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_NEAR(score, pair.logit, 2e-4) << pair.tokens.size();
    alone.push_back(score);
  }
  std::vector<float> together(alone.size());
  ASSERT_TRUE(engine->Rank(all, together.data()).ok());
  EXPECT_EQ(together, alone);
  // Segments count where the model has them.
  ASSERT_TRUE(engine->Rank({.inputs = all.inputs}, together.data()).ok());
  EXPECT_EQ(together != alone, GetParam() == "bert-reranker");
}

TEST(RerankerGguf, AgreesWithTransformers) {
  const RankGolden golden = ReadRankGolden("xlm-roberta-reranker");
  auto engine = OpenGguf("xlm-roberta-reranker", golden.seed, 2, 4);
  ASSERT_NE(engine, nullptr);
  for (const Pair& pair : golden.pairs) {
    float score = 0;
    ASSERT_TRUE(engine->Rank({.inputs = {pair.tokens}}, &score).ok());
    EXPECT_NEAR(score, pair.logit, 2e-4);
  }
}

TEST_P(Reranker, RefusesWhatItCannotDo) {
  const RankGolden golden = ReadRankGolden(GetParam());
  auto engine = OpenEncoder(GetParam(), golden.seed, {});
  ASSERT_NE(engine, nullptr);
  std::vector<float> out(100);
  EXPECT_EQ(engine->Embed({.inputs = {{5}}}, out.data()).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      engine->Rank({.inputs = {{5, 6}}, .types = {{0}}}, out.data()).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      engine->Rank({.inputs = {{5}, {6}}, .types = {{0}}}, out.data()).code(),
      absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(engine->Rank({.inputs = {{5}}, .types = {{-1}}}, out.data()).code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(engine->Rank({.inputs = {{5}}, .types = {{2}}}, out.data()).code(),
            GetParam() == "bert-reranker" ? absl::StatusCode::kOutOfRange
                                          : absl::StatusCode::kOk);
}

INSTANTIATE_TEST_SUITE_P(All, Reranker,
                         testing::Values("bert-reranker",
                                         "xlm-roberta-reranker",
                                         "modernbert-reranker"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

INSTANTIATE_TEST_SUITE_P(All, Encoder,
                         testing::Values("bert", "roberta", "xlm-roberta",
                                         "modernbert", "modernbert-old",
                                         "qwen2-embedding"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace inlay::oracle
