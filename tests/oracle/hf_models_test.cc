// Tiny models from Hugging Face folders against transformers in FP32: logits
// over prompts of several lengths, and a greedy continuation.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cpp/engine/engine.h"
#include "gtest/gtest.h"
#include "tests/oracle/golden.h"
#include "tests/oracle/weights.h"

namespace inlay::oracle {
namespace {

using engine::Engine;

constexpr double kTolerance = 2e-4;  // of the range of the logits

std::string FolderOf(const std::string& name) {
  return std::string(INLAY_SOURCE_DIR) + "/tests/goldens/" + name;
}

struct Prompt {
  std::vector<int32_t> encoder;  // of a model that has one
  std::vector<int32_t> tokens, rows;
  std::vector<float> logits;  // of the rows
};

struct HfGolden {
  size_t vocabulary = 0;
  uint64_t seed = 0;
  std::vector<Prompt> prompts;
  std::vector<int32_t> greedy;
};

size_t TakeCount(Cursor* cursor) {
  return static_cast<size_t>(cursor->Take<int32_t>(1)[0]);
}

HfGolden ReadGoldenOf(const std::string& name, bool encoder = false) {
  const std::vector<char> bytes = ReadFile(FolderOf(name) + "/golden");
  HfGolden golden;
  if (bytes.empty()) return golden;
  Cursor cursor(bytes);
  const auto sizes = cursor.Take<int32_t>(4);
  golden.vocabulary = static_cast<size_t>(sizes[0]);
  golden.seed = static_cast<uint64_t>(sizes[3]);
  for (int i = 0; i < sizes[1]; ++i) {
    Prompt prompt;
    if (encoder) prompt.encoder.resize(TakeCount(&cursor));
    const auto counts = cursor.Take<int32_t>(2);
    prompt.encoder = cursor.Take<int32_t>(prompt.encoder.size());
    prompt.tokens = cursor.Take<int32_t>(static_cast<size_t>(counts[0]));
    prompt.rows = cursor.Take<int32_t>(static_cast<size_t>(counts[1]));
    prompt.logits = cursor.Take<float>(prompt.rows.size() * golden.vocabulary);
    golden.prompts.push_back(std::move(prompt));
  }
  golden.greedy = cursor.Take<int32_t>(static_cast<size_t>(sizes[2]));
  return golden;
}

io::MemoryFile FileOf(const std::string& folder, const std::string& name) {
  const std::vector<char> bytes = ReadFile(folder + "/" + name);
  return {name, {bytes.begin(), bytes.end()}};
}

// The committed files, with the weights in one file or in two and an index.
std::shared_ptr<const io::Folder> MakeFolder(const std::string& name,
                                             uint64_t seed, bool sharded) {
  const std::string path = FolderOf(name);
  const std::vector<char> list = ReadFile(path + "/tensors.txt");
  const auto tensors = ReadTensorList({list.begin(), list.end()});
  std::vector<io::MemoryFile> files = {FileOf(path, "config.json")};
  if (!sharded) {
    files.push_back({"model.safetensors",
                     MakeSafetensors(seed, tensors, 0, tensors.size())});
    return io::MakeMemoryFolder(std::move(files));
  }
  const size_t half = tensors.size() / 2;
  std::string index = "{\"weight_map\":{";
  for (size_t i = 0; i < tensors.size(); ++i) {
    index += (i > 0 ? ",\"" : "\"") + tensors[i].name + "\":\"" +
             (i < half ? "a.safetensors\"" : "b.safetensors\"");
  }
  index += "}}";
  files.push_back({"a.safetensors", MakeSafetensors(seed, tensors, 0, half)});
  files.push_back(
      {"b.safetensors", MakeSafetensors(seed, tensors, half, tensors.size())});
  files.push_back(
      {"model.safetensors.index.json", {index.begin(), index.end()}});
  return io::MakeMemoryFolder(std::move(files));
}

std::shared_ptr<Engine> OpenFolderEngine(
    std::shared_ptr<const io::Folder> folder,
    const engine::EngineOptions& options = {}) {
  auto context = engine::Context::Create({.thread_count = 2});
  EXPECT_TRUE(context.ok()) << context.status();
  auto model = engine::Model::Open(*context, io::FolderSource(folder), {});
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return nullptr;
  auto created = Engine::Create(*model, options);
  EXPECT_TRUE(created.ok()) << created.status();
  return created.ok() ? *created : nullptr;
}

void ExpectLogits(Engine* engine, const Prompt& prompt, size_t vocabulary,
                  double* worst) {
  std::vector<float> logits(prompt.tokens.size() * vocabulary);
  const Status status = prompt.encoder.empty()
                            ? engine->Score(prompt.tokens, logits.data())
                            : engine->ScoreWithEncoder(
                                  prompt.encoder, prompt.tokens, logits.data());
  ASSERT_TRUE(status.ok()) << status;
  for (size_t i = 0; i < prompt.rows.size(); ++i) {
    const float* expected = prompt.logits.data() + i * vocabulary;
    const float* actual =
        logits.data() + static_cast<size_t>(prompt.rows[i]) * vocabulary;
    const auto [least, most] =
        std::minmax_element(expected, expected + vocabulary);
    for (size_t t = 0; t < vocabulary; ++t) {
      const double difference =
          std::fabs(double{actual[t]} - expected[t]) / (double{*most} - *least);
      *worst = std::max(*worst, difference);
    }
  }
}

// Runs the last prompt to the end of the golden, beside `others` requests;
// `drive`: the engine is the host's to step, and they are longer.
std::vector<int32_t> Continue(Engine* engine, const HfGolden& golden,
                              bool others, bool drive = false) {
  const auto submit = [&](const Prompt& prompt, int32_t tokens) {
    engine::Request request;
    request.parts.push_back(
        {.kind = engine::PromptPart::Kind::kTokens,
         .tokens = prompt.encoder.empty() ? prompt.tokens : prompt.encoder});
    request.add_special = false;
    request.ignore_end = true;
    request.max_tokens = tokens;
    return engine->Submit(std::move(request));
  };
  if (others) {
    EXPECT_TRUE(submit(golden.prompts[0], drive ? 100 : 40).ok());
    EXPECT_TRUE(submit(golden.prompts[1], drive ? 100 : 70).ok());
  }
  const auto id =
      submit(golden.prompts.back(), static_cast<int32_t>(golden.greedy.size()));
  EXPECT_TRUE(id.ok()) << id.status();
  std::vector<int32_t> tokens;
  for (bool done = false; id.ok() && !done;) {
    if (drive) {
      EXPECT_TRUE(engine->Step().ok());
    }
    auto events = engine->Poll(64, drive ? 0 : 10'000'000'000);
    if (!events.ok() || (events->empty() && !drive)) {
      ADD_FAILURE() << "no event within ten seconds";
      break;
    }
    for (const engine::Event& event : *events) {
      if (event.request_id != *id) continue;
      tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
      EXPECT_NE(event.kind, engine::EventKind::kFailed) << event.status;
      done = done || event.kind == engine::EventKind::kFailed ||
             event.kind == engine::EventKind::kFinished;
    }
  }
  return tokens;
}

class HfModel : public testing::TestWithParam<std::string> {};

TEST_P(HfModel, AgreesWithTransformers) {
  const HfGolden golden = ReadGoldenOf("hf/" + GetParam());
  ASSERT_FALSE(golden.prompts.empty());
  auto engine =
      OpenFolderEngine(MakeFolder("hf/" + GetParam(), golden.seed, false));
  ASSERT_NE(engine, nullptr);
  double worst = 0;
  for (const Prompt& prompt : golden.prompts) {
    ExpectLogits(engine.get(), prompt, golden.vocabulary, &worst);
  }
  std::cout << GetParam() << ": worst difference " << worst
            << " of the range\n";
  EXPECT_LE(worst, kTolerance);
  EXPECT_EQ(Continue(engine.get(), golden, false), golden.greedy);
  EXPECT_EQ(Continue(engine.get(), golden, true), golden.greedy);
}

TEST_P(HfModel, ShardsAreTheSameModel) {
  const HfGolden golden = ReadGoldenOf("hf/" + GetParam());
  ASSERT_FALSE(golden.prompts.empty());
  auto engine =
      OpenFolderEngine(MakeFolder("hf/" + GetParam(), golden.seed, true));
  ASSERT_NE(engine, nullptr);
  double worst = 0;
  ExpectLogits(engine.get(), golden.prompts[1], golden.vocabulary, &worst);
  EXPECT_LE(worst, kTolerance);
}

class EncoderDecoder : public testing::TestWithParam<std::string> {};

TEST_P(EncoderDecoder, AgreesWithTransformers) {
  const std::string name = "encdec/" + GetParam();
  const HfGolden golden = ReadGoldenOf(name, true);
  ASSERT_FALSE(golden.prompts.empty());
  const auto folder = MakeFolder(name, golden.seed, false);
  auto engine = OpenFolderEngine(folder);
  ASSERT_NE(engine, nullptr);
  double worst = 0;
  for (const Prompt& prompt : golden.prompts) {
    ExpectLogits(engine.get(), prompt, golden.vocabulary, &worst);
  }
  std::cout << GetParam() << ": worst difference " << worst
            << " of the range\n";
  EXPECT_LE(worst, kTolerance);
  EXPECT_EQ(Continue(engine.get(), golden, false), golden.greedy);
  EXPECT_EQ(Continue(engine.get(), golden, true), golden.greedy);
}

// In a cache too small for all: once by computing again, once by swap.
TEST_P(EncoderDecoder, SurvivesPreemption) {
  const std::string name = "encdec/" + GetParam();
  const HfGolden golden = ReadGoldenOf(name, true);
  ASSERT_FALSE(golden.prompts.empty());
  const auto folder = MakeFolder(name, golden.seed, false);
  auto whole = OpenFolderEngine(folder);
  ASSERT_NE(whole, nullptr);
  const uint64_t page_bytes = whole->config().kv_cache_bytes /
                              static_cast<uint64_t>(whole->config().page_count);
  for (const uint64_t swap_pages : {0, 16}) {
    engine::EngineOptions options;
    options.kv_cache_bytes = 13 * page_bytes;
    options.swap_bytes = swap_pages * page_bytes;
    options.host_driven = true;
    auto engine = OpenFolderEngine(folder, options);
    ASSERT_NE(engine, nullptr);
    EXPECT_EQ(Continue(engine.get(), golden, true, true), golden.greedy);
    const engine::EngineStats stats = engine->stats();
    EXPECT_GT(stats.preempted_recompute + stats.preempted_swap, 0u);
    EXPECT_EQ(stats.preempted_swap > 0, swap_pages > 0);
    double worst = 0;
    ExpectLogits(engine.get(), golden.prompts.back(), golden.vocabulary,
                 &worst);
    EXPECT_LE(worst, kTolerance);
  }
}

// Runs one input to its end; `choices` of it.
std::vector<std::vector<int32_t>> Answers(Engine* engine,
                                          const std::vector<int32_t>& input,
                                          engine::Choices choices) {
  engine::Request request;
  request.parts.push_back(
      {.kind = engine::PromptPart::Kind::kTokens, .tokens = input});
  request.ignore_end = true;
  request.max_tokens = 40;
  request.choices = choices;
  std::vector<std::vector<int32_t>> answers(static_cast<size_t>(choices.count));
  const auto id = engine->Submit(std::move(request));
  EXPECT_TRUE(id.ok()) << id.status();
  for (bool done = !id.ok(); !done;) {
    auto events = engine->Poll(64, 10'000'000'000);
    if (!events.ok() || events->empty()) {
      ADD_FAILURE() << "no event within ten seconds";
      return answers;
    }
    for (const engine::Event& event : *events) {
      if (event.kind == engine::EventKind::kDelta) {
        auto& answer = answers[static_cast<size_t>(event.choice)];
        answer.insert(answer.end(), event.tokens.begin(), event.tokens.end());
      }
      EXPECT_NE(event.kind, engine::EventKind::kFailed) << event.status;
      done = done || engine::IsTerminal(event);
    }
  }
  return answers;
}

TEST_P(EncoderDecoder, SharesOnlyTheSameInput) {
  const std::string name = "encdec/" + GetParam();
  const HfGolden golden = ReadGoldenOf(name, true);
  ASSERT_FALSE(golden.prompts.empty());
  const auto folder = MakeFolder(name, golden.seed, false);
  auto engine = OpenFolderEngine(folder);
  auto fresh = OpenFolderEngine(folder, {.prefix_cache = false});
  ASSERT_TRUE(engine != nullptr && fresh != nullptr);
  const std::vector<int32_t>& input = golden.prompts.back().encoder;
  const std::vector<int32_t> want(golden.greedy.begin(),
                                  golden.greedy.begin() + 40);
  EXPECT_EQ(Answers(engine.get(), input, {})[0], want);
  EXPECT_EQ(engine->stats().cached_tokens, 0u);
  EXPECT_EQ(Answers(engine.get(), input, {})[0], want);
  const uint64_t once = engine->stats().cached_tokens;
  EXPECT_GE(once, input.size());
  // The same beginning, and another encoder's output all the same.
  std::vector<int32_t> other = input;
  other.back() = other.back() == 7 ? 8 : 7;
  EXPECT_EQ(Answers(engine.get(), other, {}), Answers(fresh.get(), other, {}));
  other.resize(64);
  EXPECT_EQ(Answers(engine.get(), other, {}), Answers(fresh.get(), other, {}));
  EXPECT_EQ(engine->stats().cached_tokens, once);
  // Choices share among themselves; beams their pages.
  EXPECT_EQ(Answers(fresh.get(), input, {.count = 3}),
            std::vector<std::vector<int32_t>>(3, want));
  EXPECT_EQ(Answers(engine.get(), input, {.count = 2, .beam_width = 4}),
            Answers(fresh.get(), input, {.count = 2, .beam_width = 4}));
}

// What cannot run is refused, and nothing else comes to harm.
TEST(EncoderDecoderRefuses, WhatCannotRun) {
  const HfGolden golden = ReadGoldenOf("encdec/bart", true);
  ASSERT_FALSE(golden.prompts.empty());
  auto engine = OpenFolderEngine(MakeFolder("encdec/bart", golden.seed, false),
                                 {.max_step_tokens = 100});
  ASSERT_NE(engine, nullptr);
  std::vector<float> logits(200 * golden.vocabulary);
  const auto code = [&](std::vector<int32_t> encoder,
                        std::vector<int32_t> tokens) {
    return engine->ScoreWithEncoder(encoder, tokens, logits.data()).code();
  };
  using Tokens = std::vector<int32_t>;
  EXPECT_EQ(code(Tokens(101, 5), {1}), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code({5, 211}, {1}), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code({}, {1}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({5}, {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({5}, Tokens(161, 5)), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code(Tokens(100, 5), Tokens(160, 5)), absl::StatusCode::kOk);
  EXPECT_EQ(engine->Score({1}, logits.data()).code(),
            absl::StatusCode::kFailedPrecondition);
  const auto submit = [&](Tokens input, Tokens decoder) {
    engine::Request request;
    request.parts.push_back(
        {.kind = engine::PromptPart::Kind::kTokens, .tokens = input});
    request.decoder_tokens = decoder;
    request.max_tokens = 1;
    return engine->Submit(std::move(request)).status().code();
  };
  EXPECT_EQ(submit(Tokens(101, 5), {}), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(submit({5}, {211}), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(submit({5}, Tokens(160, 5)), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(submit({}, {}), absl::StatusCode::kInvalidArgument);
  auto session = engine->CreateSession("");
  ASSERT_TRUE(session.ok());
  engine::Request request;
  request.parts.push_back(
      {.kind = engine::PromptPart::Kind::kTokens, .tokens = {5}});
  request.session = *session;
  EXPECT_EQ(engine->Submit(std::move(request)).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(submit(Tokens(100, 5), Tokens(159, 5)), absl::StatusCode::kOk);
}

std::vector<std::string> Names(const std::string& area) {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(FolderOf(area))) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, HfModel, testing::ValuesIn(Names("hf")),
                         TestName);
INSTANTIATE_TEST_SUITE_P(All, EncoderDecoder,
                         testing::ValuesIn(Names("encdec")), TestName);

}  // namespace
}  // namespace inlay::oracle
