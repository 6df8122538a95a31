// inlay_embed and inlay_rank on tiny encoders whose folders are written here.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <inlay/inlay.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/capi/fixture.h"
#include "tests/oracle/weights.h"

namespace inlay_test {
namespace {

namespace fs = std::filesystem;

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class EmbedTest : public testing::Test {
 protected:
  virtual std::string area() const { return "encoders"; }
  virtual std::string name() const { return "bert"; }
  void SetUp() override {
    const std::string golden =
        INLAY_SOURCE_DIR "/tests/goldens/" + area() + "/" + name();
    folder_ = testing::TempDir() + "inlay_embed_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(folder_);
    fs::copy_file(golden + "/config.json", folder_ + "/config.json",
                  fs::copy_options::overwrite_existing);
    const auto tensors =
        inlay::oracle::ReadTensorList(Read(golden + "/tensors.txt"));
    const auto bytes =
        inlay::oracle::MakeSafetensors(7, tensors, 0, tensors.size());
    std::ofstream(folder_ + "/model.safetensors", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    std::ofstream(folder_ + "/tokenizer.json") << tokenizer();
    inlay_context_options options = INLAY_CONTEXT_OPTIONS_INIT;
    options.thread_count = 1;
    ASSERT_OK(inlay_context_create(&options, &context, &error));
    inlay_model_source source = INLAY_MODEL_SOURCE_INIT;
    source.path = folder_.data();
    source.path_size = folder_.size();
    ASSERT_OK(inlay_model_open(context, &source, nullptr, &model, &error));
  }
  void TearDown() override {
    inlay_context_release(context);
    inlay_model_release(model);
    inlay_engine_release(engine);
    fs::remove_all(folder_);
  }
  // Knows pairs as BERT does: "[CLS]" is 1, "[SEP]" 2, "red" 3, "fox" 4.
  static std::string tokenizer() {
    const std::string all =
        Read(INLAY_SOURCE_DIR "/tests/goldens/encoders/pairs.txt");
    return all.substr(0, all.find('\n'));
  }
  void CreateEngine(uint64_t flags) {
    inlay_engine_options options = INLAY_ENGINE_OPTIONS_INIT;
    options.flags = flags;
    ASSERT_OK(inlay_engine_create(model, &options, &engine, &error));
  }
  inlay_status Embed(const std::vector<int32_t>& tokens,
                     const std::vector<int32_t>& lengths, int32_t pooling,
                     int32_t normalize, std::vector<float>* out) {
    return inlay_embed(engine, tokens.data(), tokens.size(), lengths.data(),
                       lengths.size(), pooling, normalize, out->data(),
                       out->size(), nullptr, &error);
  }

  std::string folder_;
  inlay_context* context = nullptr;
  inlay_model* model = nullptr;
  inlay_engine* engine = nullptr;
  inlay_error error = INLAY_ERROR_INIT;
};

// The golden's second input, of five tokens, and the vectors of its rows.
struct Golden {
  std::vector<int32_t> tokens = std::vector<int32_t>(5);
  std::vector<float> first = std::vector<float>(48);
};

Golden ReadGolden() {
  const std::string bytes =
      Read(INLAY_SOURCE_DIR "/tests/goldens/encoders/bert/golden");
  const size_t at = 12 + 8 + 3 * 48 * 4 + 4;
  Golden golden;
  if (bytes.size() < at + 20 + 48 * 4) return golden;
  std::memcpy(golden.tokens.data(), bytes.data() + at, 20);
  std::memcpy(golden.first.data(), bytes.data() + at + 20, 48 * 4);
  return golden;
}

TEST_F(EmbedTest, GivesAVectorForEachInput) {
  const Golden golden = ReadGolden();
  for (const uint64_t flags :
       {uint64_t{0}, uint64_t{INLAY_ENGINE_HOST_DRIVEN}}) {
    CreateEngine(flags);
    std::vector<int32_t> tokens = {9, 8, 7};
    tokens.insert(tokens.end(), golden.tokens.begin(), golden.tokens.end());
    size_t needed = 0;
    const int32_t lengths[] = {3, 5};
    ASSERT_OK(inlay_embed(engine, tokens.data(), 8, lengths, 2, 0, 0, nullptr,
                          0, &needed, &error));
    ASSERT_EQ(needed, 96u);
    std::vector<float> out(needed);
    ASSERT_OK(Embed(tokens, {3, 5}, INLAY_POOLING_CLS, 2, &out));
    for (size_t i = 0; i < 48; ++i) {
      EXPECT_NEAR(out[48 + i], golden.first[i], 1e-3) << i;
    }
    ASSERT_OK(Embed(tokens, {3, 5}, INLAY_POOLING_MODEL, 0, &out));
    double squares = 0;
    for (size_t i = 0; i < 48; ++i) squares += double{out[i]} * out[i];
    EXPECT_NEAR(squares, 1.0, 1e-5);
    inlay_engine_release(engine);
    engine = nullptr;
  }
}

TEST_F(EmbedTest, SaysWhatIsWrong) {
  CreateEngine(0);
  std::vector<float> out(48);
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Embed({}, {1}, 0, 0, &out));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Embed({5}, {}, 0, 0, &out));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Embed({5}, {0}, 0, 0, &out));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Embed({5}, {2}, 0, 0, &out));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Embed({5, 6}, {1}, 0, 0, &out));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Embed({5}, {1}, 4, 0, &out));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Embed({5}, {1}, 0, 3, &out));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Embed({-1}, {1}, 0, 0, &out));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                Embed(std::vector<int32_t>(301, 5), {301}, 0, 0, &out));
  EXPECT_STATUS(INLAY_ERR_BUFFER_TOO_SMALL, Embed({5, 6}, {1, 1}, 0, 0, &out));
  EXPECT_STATUS(INLAY_OK, Embed({5}, {1}, 0, 0, &out));
  inlay_request request = INLAY_REQUEST_INIT;
  request.prompt = "hello";
  request.prompt_size = INLAY_NUL;
  uint64_t id = 0;
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_submit(engine, &request, &id, &error));
}

class TwoPartsTest : public EmbedTest {
 protected:
  std::string area() const override { return "encdec"; }
  std::string name() const override { return "flan-t5"; }
  inlay_status Score(const std::vector<int32_t>& encoder,
                     const std::vector<int32_t>& tokens,
                     std::vector<float>* out) {
    return inlay_score_encoded(engine, encoder.data(), encoder.size(),
                               tokens.data(), tokens.size(), out->data(),
                               out->size(), nullptr, &error);
  }
};

TEST_F(TwoPartsTest, ScoresDependOnTheEncodersInput) {
  CreateEngine(0);
  size_t needed = 0;
  const int32_t ids[] = {0, 9, 8};
  ASSERT_OK(
      inlay_score_encoded(engine, ids, 3, ids, 3, nullptr, 0, &needed, &error));
  ASSERT_EQ(needed, 3u * 211u);
  std::vector<float> first(needed), same(needed), other(needed);
  ASSERT_OK(Score({5, 6, 7}, {0, 9, 8}, &first));
  ASSERT_OK(Score({5, 6, 7}, {0, 9, 8}, &same));
  ASSERT_OK(Score({5, 6, 4}, {0, 9, 8}, &other));
  EXPECT_EQ(first, same);
  EXPECT_NE(first, other);
  std::vector<float> few(10);
  EXPECT_STATUS(INLAY_ERR_BUFFER_TOO_SMALL, Score({5}, {0}, &few));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Score({}, {0}, &first));
  EXPECT_STATUS(INLAY_ERR_INVALID_ARGUMENT, Score({5}, {}, &first));
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE, Score({211}, {0}, &first));
  EXPECT_STATUS(
      INLAY_ERR_FAILED_PRECONDITION,
      inlay_score(engine, ids, 3, first.data(), first.size(), nullptr, &error));
}

// The prompt is the encoder's input, as text with the ids around it or as ids.
TEST_F(TwoPartsTest, GeneratesFromAnInput) {
  const inlay::Model own = inlay::Context().open(folder_);
  const inlay::Engine two(own);
  const auto answer = [&](inlay::Request request) {
    request.max_tokens(12).flags(INLAY_REQUEST_IGNORE_END |
                                 INLAY_REQUEST_LOGPROBS);
    std::vector<int32_t> tokens;
    for (const inlay::Piece& piece : two.stream(request)) {
      tokens.insert(tokens.end(), piece.tokens,
                    piece.tokens + piece.token_count);
    }
    return tokens;
  };
  const std::vector<int32_t> text = answer(inlay::Request("red fox"));
  EXPECT_EQ(text.size(), 12u);
  const std::vector<int32_t> ids = own.tokenize("red fox");
  inlay_prompt_part part = INLAY_PROMPT_PART_INIT;
  part.kind = INLAY_PART_TOKENS;
  part.tokens = ids.data();
  part.token_count = ids.size();
  inlay::Request parts("");
  parts.raw.parts = &part;
  parts.raw.part_size = sizeof(part);
  parts.raw.part_count = 1;
  EXPECT_EQ(answer(parts), text);
  EXPECT_NE(answer(inlay::Request("fox red")), text);
  // The decoder goes on from what it is given.
  inlay::Request later("red fox");
  later.decoder_tokens({0, text[0], text[1]});
  const std::vector<int32_t> rest = answer(later);
  EXPECT_TRUE(std::equal(text.begin() + 2, text.end(), rest.begin()));
}

class RankTest : public EmbedTest {
 protected:
  std::string name() const override { return "bert-reranker"; }
};

TEST_F(RankTest, GivesAScoreForEachPair) {
  const std::string bytes =
      Read(INLAY_SOURCE_DIR "/tests/goldens/encoders/bert-reranker/golden");
  const size_t at = 12 + 4 + 4 + 4 + 4 + 4;  // behind the first pair
  ASSERT_GT(bytes.size(), at + 28);
  std::vector<int32_t> tokens(5);
  int32_t first = 0;
  float logit = 0;
  std::memcpy(tokens.data(), bytes.data() + at, 20);
  std::memcpy(&first, bytes.data() + at + 20, 4);
  std::memcpy(&logit, bytes.data() + at + 24, 4);
  std::vector<int32_t> types(5, 1);
  std::fill(types.begin(), types.begin() + first, 0);
  CreateEngine(0);
  const int32_t lengths[] = {5};
  size_t count = 0;
  ASSERT_OK(inlay_rank(engine, tokens.data(), types.data(), 5, lengths, 1,
                       nullptr, 0, &count, &error));
  EXPECT_EQ(count, 1u);
  float score = 0;
  EXPECT_STATUS(INLAY_ERR_BUFFER_TOO_SMALL,
                inlay_rank(engine, tokens.data(), types.data(), 5, lengths, 1,
                           &score, 0, &count, &error));
  ASSERT_OK(inlay_rank(engine, tokens.data(), types.data(), 5, lengths, 1,
                       &score, 1, &count, &error));
  EXPECT_NEAR(score, logit, 2e-4);
  types[0] = 2;
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_rank(engine, tokens.data(), types.data(), 5, lengths, 1,
                           &score, 1, nullptr, &error));
  std::vector<float> out(48);
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION, Embed({5}, {1}, 0, 0, &out));
}

TEST_F(RankTest, TheSafeLayerRanksTexts) {
  const inlay::Model own = inlay::Context().open(folder_);
  const inlay::Engine ranks(own);
  const std::vector<float> scores =
      ranks.rank("red fox", std::vector<std::string>{"fox red", "blue jay"});
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_NE(scores[0], scores[1]);
  for (size_t i = 0; i < 2; ++i) {
    const inlay::TokenPair pair =
        own.tokenize_pair("red fox", i == 0 ? "fox red" : "blue jay");
    EXPECT_EQ(pair.tokens.size(), 7u);
    EXPECT_EQ(ranks.rank({pair}), std::vector<float>{scores[i]});
  }
}

TEST_F(RankTest, MakesPairs) {
  int32_t tokens[7], types[7];
  size_t count = 0;
  const auto pair = [&](int32_t* ids, size_t capacity) {
    return inlay_tokenize_pair(model, "red fox", INLAY_NUL, "fox red", 7, ids,
                               types, capacity, &count, &error);
  };
  ASSERT_OK(pair(nullptr, 0));
  EXPECT_EQ(count, 7u);
  EXPECT_STATUS(INLAY_ERR_BUFFER_TOO_SMALL, pair(tokens, 6));
  EXPECT_EQ(count, 7u);
  ASSERT_OK(pair(tokens, 7));
  EXPECT_EQ(std::vector<int32_t>(tokens, tokens + 7),
            (std::vector<int32_t>{1, 3, 4, 2, 4, 3, 2}));
  EXPECT_EQ(std::vector<int32_t>(types, types + 7),
            (std::vector<int32_t>{0, 0, 0, 0, 1, 1, 1}));
}

TEST_F(EmbedTest, AnEncoderDoesNotRank) {
  CreateEngine(0);
  const int32_t one[] = {1};
  float score = 0;
  EXPECT_STATUS(
      INLAY_ERR_FAILED_PRECONDITION,
      inlay_rank(engine, one, nullptr, 1, one, 1, &score, 1, nullptr, &error));
}

TEST_F(ModelTest, ADecoderMakesNoPairs) {
  size_t count = 0;
  EXPECT_STATUS(INLAY_ERR_UNSUPPORTED,
                inlay_tokenize_pair(model, "a", 1, "b", 1, nullptr, nullptr, 0,
                                    &count, &error));
}

TEST_F(ModelTest, ADecoderDoesNotEmbed) {
  CreateEngine();
  const int32_t ids[] = {5};
  const int32_t lengths[] = {1};
  std::vector<float> out(4096);
  EXPECT_STATUS(INLAY_ERR_FAILED_PRECONDITION,
                inlay_embed(engine, ids, 1, lengths, 1, 0, 0, out.data(),
                            out.size(), nullptr, &error));
}

}  // namespace
}  // namespace inlay_test
