// Two-call buffers, and the texts of a model.
#include <inlay/inlay.h>

#include <cstring>
#include <string>
#include <vector>

#include "capi/src/metadata_text.h"
#include "gtest/gtest.h"
#include "tests/capi/fixture.h"

namespace {

class TextTest : public inlay_test::ModelTest {};

TEST_F(TextTest, TokenizeAsksThenFills) {
  const std::string prompt = "hello there, hello";
  size_t count = 0;
  ASSERT_OK(inlay_tokenize(model, prompt.data(), prompt.size(), 0, nullptr, 0,
                           &count, &error));
  ASSERT_GT(count, 1u);
  std::vector<int32_t> ids(count + 1, -7);
  size_t again = 0;
  EXPECT_STATUS(INLAY_ERR_BUFFER_TOO_SMALL,
                inlay_tokenize(model, prompt.data(), prompt.size(), 0,
                               ids.data(), count - 1, &again, &error));
  EXPECT_EQ(again, count);
  EXPECT_EQ(ids[0], -7);  // nothing was written
  ASSERT_OK(inlay_tokenize(model, prompt.data(), prompt.size(), 0, ids.data(),
                           count, &again, &error));
  EXPECT_EQ(again, count);
  EXPECT_EQ(ids[count], -7);
  size_t size = 0;
  ASSERT_OK(
      inlay_detokenize(model, ids.data(), count, 0, nullptr, 0, &size, &error));
  EXPECT_EQ(size, prompt.size());
  std::vector<char> text(size + 2, '#');
  EXPECT_STATUS(INLAY_ERR_BUFFER_TOO_SMALL,
                inlay_detokenize(model, ids.data(), count, 0, text.data(), size,
                                 &size, &error));
  EXPECT_EQ(text[0], '#');
  ASSERT_OK(inlay_detokenize(model, ids.data(), count, 0, text.data(), size + 1,
                             &size, &error));
  EXPECT_EQ(std::string(text.data()), prompt);
  EXPECT_EQ(text[size + 1], '#');
}

TEST_F(TextTest, BadTextsAndIds) {
  size_t count = 0;
  EXPECT_STATUS(
      INLAY_ERR_INVALID_ARGUMENT,
      inlay_tokenize(model, "a\xFF", 2, 0, nullptr, 0, &count, &error));
  EXPECT_STATUS(
      INLAY_ERR_INVALID_ARGUMENT,
      inlay_tokenize(model, nullptr, 1, 0, nullptr, 0, &count, &error));
  EXPECT_STATUS(INLAY_ERR_UNSUPPORTED_FIELD,
                inlay_tokenize(model, "a", 1, UINT64_C(1) << 40, nullptr, 0,
                               &count, &error));
  const int32_t bad[] = {1 << 30};
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_detokenize(model, bad, 1, 0, nullptr, 0, &count, &error));
  inlay_token_info info = INLAY_TOKEN_INFO_INIT;
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_model_token_info(model, -1, &info, &error));
}

TEST_F(TextTest, TokensAreDescribed) {
  inlay_model_info model_info = INLAY_MODEL_INFO_INIT;
  ASSERT_OK(inlay_model_get_info(model, &model_info, &error));
  ASSERT_GT(model_info.end_token_count, 0u);
  const int32_t end = model_info.end_tokens[0];
  inlay_token_info info = INLAY_TOKEN_INFO_INIT;
  ASSERT_OK(inlay_model_token_info(model, end, &info, &error));
  EXPECT_EQ(info.kind, INLAY_TOKEN_CONTROL);
  EXPECT_NE(info.flags & INLAY_TOKEN_IS_END, 0u);
  int32_t found = -1;
  ASSERT_OK(
      inlay_model_find_token(model, info.text, info.text_size, &found, &error));
  EXPECT_EQ(found, end);
  EXPECT_STATUS(INLAY_ERR_NOT_FOUND,
                inlay_model_find_token(model, "<no such token>", INLAY_NUL,
                                       &found, &error));
  size_t size = 9;
  ASSERT_OK(inlay_model_token_bytes(model, end, 0, nullptr, 0, &size, &error));
  EXPECT_EQ(size, 0u);  // control tokens vanish
  ASSERT_OK(inlay_model_token_bytes(model, end, INLAY_DETOKENIZE_SPECIAL,
                                    nullptr, 0, &size, &error));
  EXPECT_EQ(size, info.text_size);
}

TEST_F(TextTest, MetadataAndTensorsAreListed) {
  size_t count = 0;
  ASSERT_OK(inlay_model_metadata_count(model, &count, &error));
  ASSERT_GT(count, 10u);
  for (size_t i = 0; i < count; ++i) {
    const char* key = nullptr;
    size_t key_size = 0, size = 0;
    ASSERT_OK(inlay_model_metadata_key(model, i, &key, &key_size, &error));
    ASSERT_OK(inlay_model_metadata_get(model, key, key_size, nullptr, 0, &size,
                                       &error));
    std::string value(size + 1, '\0');
    ASSERT_OK(inlay_model_metadata_get(model, key, key_size, value.data(),
                                       value.size(), &size, &error));
    if (std::string(key) == "general.architecture") {
      EXPECT_STREQ(value.c_str(), "llama");
    }
  }
  ASSERT_OK(inlay_model_tensor_count(model, &count, &error));
  EXPECT_EQ(count, 30u);
  inlay_tensor_info tensor = INLAY_TENSOR_INFO_INIT;
  ASSERT_OK(inlay_model_tensor_get_info(model, 0, &tensor, &error));
  EXPECT_GT(tensor.rank, 0);
  EXPECT_GT(tensor.bytes, 0u);
  EXPECT_GT(tensor.type_size, 0u);
  EXPECT_STATUS(INLAY_ERR_OUT_OF_RANGE,
                inlay_model_tensor_get_info(model, count, &tensor, &error));
}

TEST_F(TextTest, ChatRendersWithTheModelsAndWithAGivenTemplate) {
  inlay_chat_input input = INLAY_CHAT_INPUT_INIT;
  input.messages_json = R"([{"role": "user", "content": "hi"}])";
  input.messages_json_size = INLAY_NUL;
  size_t size = 0;
  ASSERT_OK(inlay_chat_render(model, &input, nullptr, 0, &size, &error));
  std::string own(size + 1, '\0');
  ASSERT_OK(
      inlay_chat_render(model, &input, own.data(), own.size(), &size, &error));
  EXPECT_NE(own.find("hi"), std::string::npos);
  input.template_text = "{{ messages[0].content }}!{{ add_generation_prompt }}";
  input.template_text_size = INLAY_NUL;
  input.flags = INLAY_CHAT_NO_GENERATION_PROMPT;
  char text[64];
  ASSERT_OK(
      inlay_chat_render(model, &input, text, sizeof(text), &size, &error));
  EXPECT_STREQ(text, "hi!False");
  input.messages_json = "[{";
  EXPECT_STATUS(
      INLAY_ERR_INVALID_ARGUMENT,
      inlay_chat_render(model, &input, text, sizeof(text), &size, &error));
}

TEST(MetadataTextTest, ValuesAsText) {
  using inlay::capi::MetadataToText;
  EXPECT_EQ(MetadataToText(true), "true");
  EXPECT_EQ(MetadataToText(int64_t{-5}), "-5");
  EXPECT_EQ(MetadataToText(uint64_t{18446744073709551615u}),
            "18446744073709551615");
  EXPECT_EQ(MetadataToText(0.1), "0.1");
  EXPECT_EQ(MetadataToText(std::string("a\"b")), "a\"b");
  EXPECT_EQ(MetadataToText(std::vector<std::string>{"a\"b\n", "c"}),
            "[\"a\\\"b\\u000a\", \"c\"]");
  EXPECT_EQ(MetadataToText(std::vector<bool>{true, false}), "[true, false]");
  EXPECT_EQ(MetadataToText(std::vector<int64_t>{}), "[]");
}

}  // namespace
