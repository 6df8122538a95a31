#include "cpp/engine/model.h"

#include "cpp/formats/gguf.h"
#include "cpp/io/folder.h"
#include "cpp/io/source.h"
#include "gtest/gtest.h"
#include "tests/backend/fake_backend.h"
#include "tests/engine/gguf_bytes.h"

namespace inlay::engine {
namespace {

using absl::StatusCode;

class ModelTest : public testing::Test {
 protected:
  void SetUp() override {
    ContextOptions options;
    options.thread_count = 1;
    options.backends = {std::make_shared<backend::FakeBackend>()};
    auto context = Context::Create(options);
    ASSERT_TRUE(context.ok());
    context_ = *context;
  }
  StatusOr<std::shared_ptr<Model>> Open(const GgufBytes& file,
                                        const ModelOptions& options) {
    bytes_ = file.Build();
    INLAY_ASSIGN_OR_RETURN(auto source, io::OpenMemory(bytes_, [] {}));
    return Model::Open(context_, std::move(source), options);
  }
  static ModelOptions VocabularyOnly() {
    ModelOptions options;
    options.vocabulary_only = true;
    return options;
  }

  std::shared_ptr<Context> context_;
  std::vector<uint8_t> bytes_;
};

TEST_F(ModelTest, AVocabularyOfAnUnknownArchitectureOpens) {
  GgufBytes file;
  file.String("general.architecture", "mystery");
  file.String("tokenizer.ggml.model", "llama");
  file.Strings("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a"});
  file.Int32s("tokenizer.ggml.token_type", {2, 3, 3, 1});
  file.Floats("tokenizer.ggml.scores", {0, 0, 0, -1});
  file.UInt32("tokenizer.ggml.eos_token_id", 2);
  file.String("tokenizer.chat_template", "{{ broken");
  auto model = Open(file, VocabularyOnly());
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_NE((*model)->tokenizer(), nullptr) << (*model)->tokenizer_status();
  EXPECT_EQ((*model)->tokenizer()->size(), 4);
  EXPECT_EQ((*model)->tokenizer()->eos(), 2);
  EXPECT_EQ((*model)->chat_template(), nullptr);
  EXPECT_EQ((*model)->template_status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ((*model)->plan(), nullptr);
  EXPECT_FALSE((*model)->plan_status().ok());
  EXPECT_EQ((*model)->weights(), nullptr);
  // With weights it cannot open, and says why.
  EXPECT_EQ(Open(file, {}).status().code(), (*model)->plan_status().code());
}

GgufBytes UnigramFile() {
  GgufBytes file;
  file.String("general.architecture", "mystery");
  file.String("tokenizer.ggml.model", "t5");
  file.Strings("tokenizer.ggml.tokens",
               {"<pad>", "</s>", "<unk>", "\xE2\x96\x81", "a"});
  file.Int32s("tokenizer.ggml.token_type", {3, 3, 2, 1, 1});
  file.Floats("tokenizer.ggml.scores", {0, 0, 0, -1, -2});
  file.UInt32("tokenizer.ggml.eos_token_id", 1);
  return file;
}

TEST_F(ModelTest, UnigramHasATableOfReplacements) {
  auto plain = Open(UnigramFile(), VocabularyOnly());
  ASSERT_TRUE(plain.ok()) << plain.status();
  ASSERT_NE((*plain)->tokenizer(), nullptr) << (*plain)->tokenizer_status();
  EXPECT_EQ(*(*plain)->tokenizer()->Encode("a", {}),
            (std::vector<text::TokenId>{3, 4, 1}));
  GgufBytes broken = UnigramFile();
  broken.Int32s("tokenizer.ggml.precompiled_charsmap", {8, 0, 0, 0, -1});
  auto model = Open(broken, VocabularyOnly());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->tokenizer_status().code(), StatusCode::kDataLoss);
  GgufBytes wide = UnigramFile();
  wide.Int32s("tokenizer.ggml.precompiled_charsmap", {8, 0, 256});
  model = Open(wide, VocabularyOnly());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->tokenizer_status().code(), StatusCode::kDataLoss);
}

TEST_F(ModelTest, AFolderMayHaveASentencePieceModel) {
  const auto bytes = [](std::string_view text) {
    return std::vector<uint8_t>(text.begin(), text.end());
  };
  // Pieces "<unk>" (unknown), "a" and "b" with their scores, and Unigram.
  const std::string_view model(
      "\x0a\x09\x0a\x05<unk>\x18\x02\x0a\x08\x0a\x01"
      "a\x15\0\0\x80\xbf\x0a\x08\x0a\x01"
      "b\x15\0\0\0\xc0\x12\x02\x18\x01",
      35);
  std::vector<io::MemoryFile> files = {
      {"config.json", bytes(R"({"model_type": "mystery"})")},
      {"model.safetensors", bytes(std::string_view("\2\0\0\0\0\0\0\0{}", 10))},
      {"spiece.model", bytes(model)},
      {"added_tokens.json", bytes(R"({"[x]": 3})")}};
  auto opened =
      Model::Open(context_, io::FolderSource(io::MakeMemoryFolder(files)),
                  VocabularyOnly());
  ASSERT_TRUE(opened.ok()) << opened.status();
  const auto tokenizer = (*opened)->tokenizer();
  ASSERT_NE(tokenizer, nullptr) << (*opened)->tokenizer_status();
  EXPECT_EQ(*tokenizer->Encode("b[x]", {}),
            (std::vector<text::TokenId>{0, 2, 3}));
  files.pop_back();
  files.back().bytes.pop_back();
  opened = Model::Open(context_,
                       io::FolderSource(io::MakeMemoryFolder(std::move(files))),
                       VocabularyOnly());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ((*opened)->tokenizer_status().code(), StatusCode::kDataLoss);
}

TEST_F(ModelTest, AFileWithoutAVocabularySaysSo) {
  GgufBytes file;
  file.String("general.architecture", "mystery");
  auto model = Open(file, VocabularyOnly());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->tokenizer(), nullptr);
  EXPECT_EQ((*model)->tokenizer_status().code(), StatusCode::kNotFound);
  EXPECT_EQ((*model)->template_status().code(), StatusCode::kNotFound);
}

TEST_F(ModelTest, BadVocabulariesAreAStatus) {
  const auto status = [&](const GgufBytes& file) {
    auto model = Open(file, VocabularyOnly());
    EXPECT_TRUE(model.ok()) << model.status();
    return model.ok() ? (*model)->tokenizer_status().code() : StatusCode::kOk;
  };
  GgufBytes ids;
  ids.Strings("tokenizer.ggml.tokens", {"a", "b"});
  ids.UInt32("tokenizer.ggml.bos_token_id", 2);
  EXPECT_EQ(status(ids), StatusCode::kDataLoss);
  GgufBytes types;
  types.UInt32("tokenizer.ggml.tokens", 5);
  EXPECT_EQ(status(types), StatusCode::kInvalidArgument);
  GgufBytes kinds;
  kinds.Strings("tokenizer.ggml.tokens", {"a", "b"});
  kinds.Int32s("tokenizer.ggml.token_type", {1, 9});
  EXPECT_EQ(status(kinds), StatusCode::kDataLoss);
  GgufBytes counts;
  counts.Strings("tokenizer.ggml.tokens", {"a", "b"});
  counts.Floats("tokenizer.ggml.scores", {1});
  EXPECT_EQ(status(counts), StatusCode::kDataLoss);
}

TEST_F(ModelTest, RefusesWhatIsNoModelAndUnknownDevices) {
  bytes_ = {'n', 'o'};
  auto source = io::OpenMemory(bytes_, [] {});
  ASSERT_TRUE(source.ok());
  EXPECT_FALSE(Model::Open(context_, *source, VocabularyOnly()).ok());
  ModelOptions options = VocabularyOnly();
  options.device = "cuda:9";
  EXPECT_EQ(Open(GgufBytes(), options).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(Model::Open(nullptr, *source, {}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Model::Open(context_, nullptr, {}).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace inlay::engine
