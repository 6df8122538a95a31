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
  return std::string(INLAY_SOURCE_DIR) + "/tests/goldens/hf/" + name;
}

struct Prompt {
  std::vector<int32_t> tokens, rows;
  std::vector<float> logits;  // of the rows
};

struct HfGolden {
  size_t vocabulary = 0;
  uint64_t seed = 0;
  std::vector<Prompt> prompts;
  std::vector<int32_t> greedy;
};

HfGolden ReadGoldenOf(const std::string& name) {
  const std::vector<char> bytes = ReadFile(FolderOf(name) + "/golden");
  HfGolden golden;
  if (bytes.empty()) return golden;
  Cursor cursor(bytes);
  const auto sizes = cursor.Take<int32_t>(4);
  golden.vocabulary = static_cast<size_t>(sizes[0]);
  golden.seed = static_cast<uint64_t>(sizes[3]);
  for (int i = 0; i < sizes[1]; ++i) {
    Prompt prompt;
    const auto counts = cursor.Take<int32_t>(2);
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
    std::shared_ptr<const io::Folder> folder) {
  auto context = engine::Context::Create({.thread_count = 2});
  EXPECT_TRUE(context.ok()) << context.status();
  auto model = engine::Model::Open(*context, io::FolderSource(folder), {});
  EXPECT_TRUE(model.ok()) << model.status();
  if (!model.ok()) return nullptr;
  auto created = Engine::Create(*model, {});
  EXPECT_TRUE(created.ok()) << created.status();
  return created.ok() ? *created : nullptr;
}

void ExpectLogits(Engine* engine, const Prompt& prompt, size_t vocabulary,
                  double* worst) {
  std::vector<float> logits(prompt.tokens.size() * vocabulary);
  const Status status = engine->Score(prompt.tokens, logits.data());
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

// Runs the last prompt to the end of the golden, beside `others` requests.
std::vector<int32_t> Continue(Engine* engine, const HfGolden& golden,
                              bool others) {
  const auto submit = [&](const Prompt& prompt, int32_t tokens) {
    engine::Request request;
    request.parts.push_back(
        {.kind = engine::PromptPart::Kind::kTokens, .tokens = prompt.tokens});
    request.add_special = false;
    request.ignore_end = true;
    request.max_tokens = tokens;
    return engine->Submit(std::move(request));
  };
  if (others) {
    EXPECT_TRUE(submit(golden.prompts[0], 40).ok());
    EXPECT_TRUE(submit(golden.prompts[1], 70).ok());
  }
  const auto id =
      submit(golden.prompts.back(), static_cast<int32_t>(golden.greedy.size()));
  EXPECT_TRUE(id.ok()) << id.status();
  std::vector<int32_t> tokens;
  for (bool done = false; id.ok() && !done;) {
    auto events = engine->Poll(64, 10'000'000'000);
    if (!events.ok() || events->empty()) {
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
  const HfGolden golden = ReadGoldenOf(GetParam());
  ASSERT_FALSE(golden.prompts.empty());
  auto engine = OpenFolderEngine(MakeFolder(GetParam(), golden.seed, false));
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
  const HfGolden golden = ReadGoldenOf(GetParam());
  ASSERT_FALSE(golden.prompts.empty());
  auto engine = OpenFolderEngine(MakeFolder(GetParam(), golden.seed, true));
  ASSERT_NE(engine, nullptr);
  double worst = 0;
  ExpectLogits(engine.get(), golden.prompts[1], golden.vocabulary, &worst);
  EXPECT_LE(worst, kTolerance);
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(FolderOf(""))) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, HfModel, testing::ValuesIn(Names()),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace inlay::oracle
