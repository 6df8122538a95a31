// SentencePiece models against the package `sentencepiece`, and the kinds of
// GGUF that are read like them; see tests/goldens/make_sentencepiece.py.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cpp/base/json.h"
#include "cpp/text/gguf_tokenizer.h"
#include "cpp/text/sentencepiece_file.h"
#include "cpp/text/sentencepiece_model.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/text/corpus.h"

namespace inlay::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Made = StatusOr<std::shared_ptr<const Tokenizer>>;

std::string ReadModel(const std::string& name) {
  return ReadGolden("../sentencepiece/" + name);
}

HfConfig Plain() {
  HfConfig config;
  config.add_bos = false;
  config.add_eos = false;
  return config;
}

void ExpectGolden(const Made& made, const std::string& name,
                  const EncodeOptions& options) {
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string golden = ReadModel(name + ".bin");
  ASSERT_EQ(golden.size(), 2 * Corpus().size());
  int wrong = 0;
  for (size_t i = 0; i < Corpus().size(); ++i) {
    const auto ids = (*made)->Encode(Corpus()[i], options);
    ASSERT_TRUE(ids.ok()) << ids.status();
    if (Digest(*ids) != GoldenDigest(golden, i) && ++wrong <= 3) {
      ADD_FAILURE() << i << ": " << testing::PrintToString(Corpus()[i])
                    << testing::PrintToString(*ids);
    }
  }
  EXPECT_EQ(wrong, 0);
}

class SentencePieceModel : public testing::TestWithParam<std::string> {};

TEST_P(SentencePieceModel, IdsAreThoseOfThePackage) {
  ExpectGolden(BuildSentencePieceTokenizer(ReadModel(GetParam() + ".model"),
                                           Plain(), {}),
               GetParam(), {});
}

INSTANTIATE_TEST_SUITE_P(All, SentencePieceModel,
                         testing::Values("unigram", "unigram_bytes", "bpe",
                                         "bpe_suffix"),
                         [](const auto& info) { return info.param; });

TEST(SentencePieceGguf, UnigramIsThatOfTheModel) {
  auto file = ParseSentencePieceFile(ReadModel("unigram_bytes.model"));
  ASSERT_TRUE(file.ok()) << file.status();
  Vocabulary vocabulary = std::move(file->vocabulary);
  vocabulary.kind = "t5";
  vocabulary.add_eos = false;
  ExpectGolden(BuildTokenizer(vocabulary), "unigram_bytes", {});
  vocabulary.add_eos.reset();
  const Made made = BuildTokenizer(vocabulary);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_FALSE((*made)->adds_bos());
  EXPECT_EQ((*made)->Encode("", {})->back(), 2);
  vocabulary.charsmap = "short";
  EXPECT_EQ(BuildTokenizer(vocabulary).status().code(),
            absl::StatusCode::kDataLoss);
}

// As converters write BERT's vocabulary.
Vocabulary WordPieceVocabulary() {
  const std::string json = ReadGolden("../hf_text/word_piece.json");
  json::Document document;
  EXPECT_TRUE(document.Parse(json, "word_piece.json").ok());
  simdjson::dom::object vocab;
  EXPECT_TRUE(json::Root(document, "")["model"]["vocab"].Get(&vocab).ok());
  Vocabulary vocabulary;
  vocabulary.kind = "bert";
  vocabulary.tokens.resize(vocab.size());
  vocabulary.kinds.assign(vocab.size(), TokenKind::kNormal);
  for (const simdjson::dom::key_value_pair entry : vocab) {
    const auto id = static_cast<size_t>(entry.value.get_int64().value_unsafe());
    if (absl::StrContains(entry.key, "\xE2\x96\x81")) {
      vocabulary.tokens[id] = absl::StrCat("[gap", id, "]");
    } else if (entry.key.front() == '[' && entry.key.size() > 1) {
      vocabulary.kinds[id] = TokenKind::kControl;
      vocabulary.tokens[id] = entry.key;
    } else if (absl::StartsWith(entry.key, "##")) {
      vocabulary.tokens[id] = entry.key.substr(2);
    } else {
      vocabulary.tokens[id] = absl::StrCat("\xE2\x96\x81", entry.key);
    }
  }
  return vocabulary;
}

TEST(SentencePieceGguf, WordPieceIsThatOfThePackage) {
  Vocabulary vocabulary = WordPieceVocabulary();
  ExpectGolden(BuildTokenizer(vocabulary), "word_piece",
               {.parse_special = true});
  vocabulary.kinds.assign(vocabulary.tokens.size(), TokenKind::kNormal);
  for (std::string& token : vocabulary.tokens) {
    if (token == "[UNK]") token = "[unk]";
  }
  EXPECT_THAT(BuildTokenizer(vocabulary).status().message(),
              HasSubstr("unknown token"));
}

// Control tokens of the model, added ones and "<extra_id_N>" of T5.
TEST(SentencePieceModel, TokensOfTheFolderAreAdded) {
  const std::string file = ReadModel("unigram.model");
  HfConfig config;
  config.tokenizer_class = "T5Tokenizer";
  const Made t5 = BuildSentencePieceTokenizer(file, config, {});
  ASSERT_TRUE(t5.ok()) << t5.status();
  const TokenId pieces = (*t5)->size() - 100;
  EXPECT_EQ((*t5)->Find("<extra_id_0>"), pieces + 99);
  EXPECT_THAT(*(*t5)->Encode("a<extra_id_99>", {.parse_special = true}),
              testing::Contains(pieces));
  EXPECT_EQ((*t5)->Encode("a", {})->back(), (*t5)->eos());
  config.tokenizer_class = "LlamaTokenizer";
  config.added = {{pieces + 1, "<|b|>", true}, {pieces, "[x]", false}};
  const Made llama = BuildSentencePieceTokenizer(file, config, {pieces + 1});
  ASSERT_TRUE(llama.ok()) << llama.status();
  EXPECT_EQ((*llama)->Encode("[x]", {})->front(), (*llama)->bos());
  EXPECT_EQ((*llama)->Encode("[x]", {})->back(), pieces);
  EXPECT_EQ((*llama)->Kind(pieces + 1), TokenKind::kControl);
  EXPECT_THAT((*llama)->end_ids(), testing::Contains(pieces + 1));
  config.added = {{5, "elsewhere", false}};
  EXPECT_THAT(BuildSentencePieceTokenizer(file, config, {}).status().message(),
              HasSubstr("added token 5"));
  config.tokenizer_class = "ZebraTokenizer";
  EXPECT_THAT(BuildSentencePieceTokenizer(file, config, {}).status().message(),
              HasSubstr("ZebraTokenizer"));
}

// XLM-R moves the pieces by one, behind four tokens of fairseq's.
TEST(SentencePieceModel, FairseqIdsAreMoved) {
  const std::string file = ReadModel("unigram.model");
  HfConfig config;
  const Made plain = BuildSentencePieceTokenizer(file, Plain(), {});
  config.tokenizer_class = "XLMRobertaTokenizer";
  const Made moved = BuildSentencePieceTokenizer(file, config, {});
  ASSERT_TRUE(plain.ok() && moved.ok()) << moved.status();
  const auto ids = (*plain)->Encode("the time", {});
  std::vector<TokenId> want = {0};
  for (const TokenId id : *ids) want.push_back(id == 0 ? 3 : id + 1);
  want.push_back(2);
  EXPECT_EQ(*(*moved)->Encode("the time", {}), want);
  EXPECT_EQ((*moved)->Find("<mask>"), (*plain)->size() + 1);
}

TEST(SentencePieceModel, LegacyDecidesWhereTheBlankGoes) {
  const std::string file = ReadModel("unigram.model");
  HfConfig config = Plain();
  config.legacy = false;
  const Made made = BuildSentencePieceTokenizer(file, config, {});
  ASSERT_TRUE(made.ok());
  const auto one = (*made)->Encode("a", {});
  const auto two = (*made)->Encode("a</s>a", {.parse_special = true});
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(two->front(), one->front());
  EXPECT_EQ((*made)->TokenText(two->back()), "a");
}

TEST(SentencePieceModel, BrokenFilesAreErrors) {
  const std::string file = ReadModel("bpe.model");
  for (size_t size = 0; size < file.size(); size += 97) {
    (void)BuildSentencePieceTokenizer(file.substr(0, size), {}, {});
  }
  for (const char* bytes : {"", "\x0a", "\x0a\x7f", "\x0a\xff\xff\xff\xff\xff",
                            "\x0a\x02\x18\x09", "\x0f"}) {
    const Made made = BuildSentencePieceTokenizer(bytes, {}, {});
    EXPECT_EQ(made.status().code(), absl::StatusCode::kDataLoss) << bytes;
  }
}

}  // namespace
}  // namespace inlay::text
