// Tokenizers from tokenizer.json against the package `tokenizers` on 10,000
// strings each.
#include "cpp/text/hf_tokenizer.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "cpp/text/detokenizer.h"
#include "cpp/text/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/text/corpus.h"

namespace inlay::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string ReadHf(const std::string& name) {
  return ReadGolden("../hf_text/" + name);
}

std::shared_ptr<const Tokenizer> Build(const std::string& json,
                                       const HfConfig& config = {}) {
  auto built = BuildHfTokenizer(json, config, {});
  EXPECT_TRUE(built.ok()) << built.status();
  return built.ok() ? *built : nullptr;
}

Status Fault(const std::string& json) {
  return BuildHfTokenizer(json, {}, {}).status();
}

class HfTokenizerGolden : public testing::TestWithParam<std::string> {};

TEST_P(HfTokenizerGolden, IdsAreThoseOfThePackage) {
  const auto tokenizer = Build(ReadHf(GetParam() + ".json"));
  ASSERT_NE(tokenizer, nullptr);
  const std::string golden = ReadHf(GetParam() + ".bin");
  ASSERT_EQ(golden.size(), 2 * Corpus().size());
  int wrong = 0;
  for (size_t i = 0; i < Corpus().size(); ++i) {
    const auto ids = tokenizer->Encode(Corpus()[i], {.parse_special = true});
    ASSERT_TRUE(ids.ok()) << ids.status();
    if (Digest(*ids) != GoldenDigest(golden, i) && ++wrong <= 3) {
      ADD_FAILURE() << i << ": " << testing::PrintToString(Corpus()[i]);
    }
  }
  EXPECT_EQ(wrong, 0);
}

// Whether the first token of the text continues a word: the package keeps its
// mark then, which a stream of tokens does not.
bool BeginsInAWord(const Tokenizer& tokenizer,
                   const std::vector<TokenId>& ids) {
  for (const TokenId id : ids) {
    if (tokenizer.Kind(id) == TokenKind::kControl) continue;
    return tokenizer.TokenText(id).substr(0, 2) == "##";
  }
  return false;
}

// Of joined byte tokens the package makes one U+FFFD per byte and not per
// maximal part, so that only valid text is compared.
TEST_P(HfTokenizerGolden, DecodedTextIsThatOfThePackage) {
  const auto tokenizer = Build(ReadHf(GetParam() + ".json"));
  ASSERT_NE(tokenizer, nullptr);
  const std::string golden = ReadHf(GetParam() + ".decoded.bin");
  ASSERT_EQ(golden.size(), 2 * Corpus().size());
  int wrong = 0;
  for (size_t i = 0; i < Corpus().size(); i += 5) {
    const auto ids = tokenizer->Encode(Corpus()[i], {.parse_special = true});
    ASSERT_TRUE(ids.ok()) << ids.status();
    const auto text = tokenizer->Decode(*ids, /*special=*/false);
    ASSERT_TRUE(text.ok()) << text.status();
    if (text->find(kReplacement) != std::string::npos) continue;
    if (BeginsInAWord(*tokenizer, *ids)) continue;
    std::vector<TokenId> bytes;
    for (const char c : *text) bytes.push_back(static_cast<uint8_t>(c));
    if (Digest(bytes) != GoldenDigest(golden, i) && ++wrong <= 3) {
      ADD_FAILURE() << i << ": " << testing::PrintToString(*text);
    }
  }
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(All, HfTokenizerGolden,
                         testing::Values("byte_level_gpt2", "byte_level_llama3",
                                         "bpe_byte_fallback",
                                         "bpe_metaspace_first", "bpe_suffix",
                                         "unigram", "word_piece",
                                         "word_piece_cased", "word_level"),
                         [](const auto& info) { return info.param; });

// One letter per token, with what `extra` adds to the file.
std::string Small(const std::string& extra) {
  return R"({"model":{"type":"WordLevel","vocab":{"<u>":0,"a":1,"b":2,)"
         R"("<|im_end|>":3},"unk_token":"<u>"},"pre_tokenizer":)"
         R"({"type":"WhitespaceSplit"},"added_tokens":[{"id":3,"content":)"
         R"("<|im_end|>","special":true,"normalized":false}])" +
         extra + "}";
}

TEST(HfTokenizer, SpecialTokensInUserTextAreText) {
  const auto tokenizer = Build(Small(""), {.eos = "<|im_end|>"});
  ASSERT_NE(tokenizer, nullptr);
  EXPECT_THAT(*tokenizer->Encode("a <|im_end|> b", {.parse_special = true}),
              ElementsAre(1, 3, 2));
  EXPECT_THAT(*tokenizer->Encode("a <|im_end|> b", {}), ElementsAre(1, 0, 2));
  EXPECT_EQ(tokenizer->eos(), 3);
  EXPECT_THAT(tokenizer->end_ids(), ElementsAre(3));
  EXPECT_EQ(*tokenizer->Decode(std::vector<TokenId>{1, 3, 2}, false), "a b");
}

TEST(HfTokenizer, UnknownPartsAreNamed) {
  for (const char* part :
       {"normalizer", "pre_tokenizer", "post_processor", "decoder"}) {
    std::string json = Small("");
    json.insert(1, "\"" + std::string(part) + "\":{\"type\":\"Zebra\"},");
    const Status status = Fault(json);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented) << status;
    EXPECT_THAT(status.message(), HasSubstr("Zebra"));
    EXPECT_THAT(status.message(), HasSubstr(part));
  }
  const Status model = Fault(R"({"model":{"type":"Zebra","vocab":{}}})");
  EXPECT_EQ(model.code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(model.message(), HasSubstr("Zebra"));
}

TEST(HfTokenizer, RegexesThatMeanSomethingElseAreRefused) {
  for (const char* regex : {"\\\\h+", "[a&&b]", "[[:alpha:]]", "\\\\Ka",
                            "(?<name>a)", "(*F)", "\\\\bword"}) {
    const Status status =
        Fault(Small(R"(,"normalizer":{"type":"Replace","content":"",)"
                    R"("pattern":{"Regex":")" +
                    std::string(regex) + "\"}}"));
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented)
        << regex << status;
  }
  const Status broken =
      Fault(Small(R"(,"normalizer":{"type":"Replace","content":"",)"
                  R"("pattern":{"Regex":"(a"}})"));
  EXPECT_EQ(broken.code(), absl::StatusCode::kInvalidArgument) << broken;
}

TEST(HfTokenizer, WrongValuesAreNamed) {
  EXPECT_THAT(Fault("[").message(), HasSubstr("tokenizer.json"));
  EXPECT_THAT(Fault("{}").message(), HasSubstr("tokenizer.json.model"));
  EXPECT_THAT(
      Fault(R"({"model":{"type":"WordLevel","vocab":{"a":"b"}}})").message(),
      HasSubstr("model.vocab"));
  EXPECT_THAT(Fault(R"({"model":{"type":"WordLevel","vocab":{"a":0,"b":0}}})")
                  .message(),
              HasSubstr("two tokens"));
  EXPECT_THAT(
      Fault(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}})")
          .message(),
      HasSubstr("merge 0"));
  EXPECT_THAT(Fault(R"({"model":{"type":"WordLevel","vocab":{"a":16000000}}})")
                  .message(),
              HasSubstr("out of range"));
  EXPECT_THAT(Fault(Small(R"(,"post_processor":{"type":"BertProcessing",)"
                          R"("sep":["x",9],"cls":["y",1]})"))
                  .message(),
              HasSubstr("sep"));
}

TEST(HfTokenizer, DeepNestingIsRefused) {
  const Status status = Fault(std::string(100'000, '['));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"normalizer\":";
  EXPECT_EQ(Fault(deep).code(), absl::StatusCode::kInvalidArgument);
}

TEST(HfConfig, TokensAreStringsOrObjects) {
  HfConfig config;
  ASSERT_TRUE(ReadHfConfig(R"({"bos_token":{"content":"<s>"},"eos_token":)"
                           R"("</s>","pad_token":null,"chat_template":)"
                           R"([{"name":"tool_use","template":"t"},)"
                           R"({"name":"default","template":"d"}]})",
                           "tokenizer_config.json", &config)
                  .ok());
  EXPECT_EQ(config.bos, "<s>");
  EXPECT_EQ(config.eos, "</s>");
  EXPECT_EQ(config.pad, std::nullopt);
  EXPECT_EQ(config.chat_template, "d");
  const Status wrong = ReadHfConfig(R"({"unk_token":3})", "x.json", &config);
  EXPECT_EQ(wrong.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(wrong.message(), HasSubstr("x.json.unk_token"));
}

std::vector<int32_t> Numbers(const std::string& line) {
  std::istringstream words(line);
  return {std::istream_iterator<int32_t>(words), {}};
}

TEST(HfTokenizer, PairsEqualTokenizers) {
  std::ifstream file(INLAY_SOURCE_DIR "/tests/goldens/encoders/pairs.txt");
  int cases = 0;
  std::string json, ids, types;
  while (std::getline(file, json) && std::getline(file, ids) &&
         std::getline(file, types)) {
    const auto tokenizer = BuildHfTokenizer(json, {}, {});
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    const auto pair = (*tokenizer)->EncodePair("red fox", "blue jay fox");
    ASSERT_TRUE(pair.ok()) << pair.status();
    EXPECT_EQ(pair->ids, Numbers(ids)) << json;
    EXPECT_EQ(pair->types, Numbers(types)) << json;
    EXPECT_FALSE((*tokenizer)->EncodePair("red", "\xff").ok());
    ++cases;
  }
  EXPECT_EQ(cases, 5);
}

}  // namespace
}  // namespace inlay::text
