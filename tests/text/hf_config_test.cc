// What tokenizer_config.json says of tokens and templates.
#include "cpp/text/hf_config.h"

#include "cpp/base/json.h"
#include "gtest/gtest.h"

namespace inlay::text {
namespace {

TEST(HfConfig, TokensAreStringsOrObjects) {
  HfConfig config;
  const Status read = ReadHfConfig(
      R"({"bos_token": "<s>", "eos_token": {"content": "</s>"},
          "unk_token": null, "chat_template": "{{ messages }}"})",
      "tokenizer_config.json", &config);
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(config.bos, "<s>");
  EXPECT_EQ(config.eos, "</s>");
  EXPECT_FALSE(config.unk.has_value());
  EXPECT_EQ(config.chat_template, "{{ messages }}");
}

// transformers writes int(1e30) where a tokenizer has no limit.
TEST(HfConfig, NumbersBeyond64BitsDoNoHarm) {
  HfConfig config;
  const Status read = ReadHfConfig(
      R"({"model_max_length": 1000000000000000019884624838656,
          "bos_token": "\\\"1000000000000000019884624838656"})",
      "tokenizer_config.json", &config);
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(config.bos, "\\\"1000000000000000019884624838656");
}

TEST(Json, OnlyIntegersThatAreTooWideBecomeReals) {
  EXPECT_EQ(json::WideIntegersAsReals(
                R"([-10000000000000000000,1.0000000000000000000000,)"
                R"(1e-0000000000000000000001,12,"9999999999999999999\""])"),
            R"([-10000000000000000000e0,1.0000000000000000000000,)"
            R"(1e-0000000000000000000001,12,"9999999999999999999\""])");
}

}  // namespace
}  // namespace inlay::text
