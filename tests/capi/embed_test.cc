// inlay_embed on a tiny encoder whose folder is written here.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
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
  void SetUp() override {
    const std::string golden = INLAY_SOURCE_DIR "/tests/goldens/encoders/bert";
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
