#include "cpp/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cpp/text/gguf_tokenizer.h"
#include "cpp/text/pre_tokenizer_table.h"
#include "tests/text/corpus.h"

namespace inlay::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A little of the byte-level vocabulary of the goldens, too little to hold the
// texts of the added tokens behind it.
constexpr size_t kPlainMerges = 44;
struct Added {
  std::string text;
  TokenKind kind;
};
Vocabulary WithAdded(const std::vector<Added>& added) {
  Vocabulary vocabulary = ByteLevelVocabulary("smollm");
  vocabulary.merges.resize(kPlainMerges);
  vocabulary.tokens.resize(256 + kPlainMerges);
  vocabulary.kinds.assign(vocabulary.tokens.size(), TokenKind::kNormal);
  for (const Added& token : added) {
    vocabulary.tokens.push_back(token.text);
    vocabulary.kinds.push_back(token.kind);
  }
  return vocabulary;
}

std::vector<TokenId> Ids(const Tokenizer& tokenizer, std::string_view text,
                         bool parse_special, bool add_special = false) {
  const auto ids = tokenizer.Encode(
      text, {.add_special = add_special, .parse_special = parse_special});
  EXPECT_TRUE(ids.ok()) << ids.status();
  return ids.ok() ? *ids : std::vector<TokenId>();
}

TEST(Tokenizer, ControlTokensComeOutOfTextOnlyWhenAsked) {
  Vocabulary vocabulary = WithAdded({{"<|im_end|>", TokenKind::kControl},
                                     {"<|im_end|><|x|>", TokenKind::kControl},
                                     {"<tool>", TokenKind::kUserDefined}});
  const TokenId end = static_cast<TokenId>(vocabulary.tokens.size()) - 3;
  const auto tokenizer = BuildTokenizer(std::move(vocabulary));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_THAT(Ids(**tokenizer, "<|im_end|>", true), ElementsAre(end));
  // Of two at one place the longer.
  EXPECT_THAT(Ids(**tokenizer, "<|im_end|><|x|>", true), ElementsAre(end + 1));
  EXPECT_THAT(Ids(**tokenizer, "<tool><tool>", false),
              ElementsAre(end + 2, end + 2));
  const auto plain = Ids(**tokenizer, "<|im_end|>", false);
  for (const TokenId id : plain) {
    EXPECT_EQ((*tokenizer)->Kind(id), TokenKind::kNormal);
  }
  EXPECT_EQ(*(*tokenizer)->Decode(plain, false), "<|im_end|>");
}

TEST(Tokenizer, ControlTokensAreSilentUnlessAsked) {
  Vocabulary vocabulary = WithAdded({{"<|im_end|>", TokenKind::kControl},
                                     {"[PAD7]", TokenKind::kUnused},
                                     {"\xC3\xA9 ", TokenKind::kUserDefined}});
  const TokenId end = static_cast<TokenId>(vocabulary.tokens.size()) - 3;
  const auto tokenizer = BuildTokenizer(std::move(vocabulary));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->TokenBytes(end, false), "");
  EXPECT_EQ((*tokenizer)->TokenBytes(end, true), "<|im_end|>");
  EXPECT_EQ((*tokenizer)->TokenBytes(end + 1, false), "");
  // As written, not spelled in the byte alphabet.
  EXPECT_EQ((*tokenizer)->TokenBytes(end + 2, false), "\xC3\xA9 ");
  EXPECT_EQ((*tokenizer)->TokenBytes(-1, true), "");
  EXPECT_EQ((*tokenizer)->TokenText(INT32_MAX), "");
}

// No merge may make a control token, whatever the file says.
TEST(Tokenizer, MergesNeverMakeAControlToken) {
  Vocabulary vocabulary = WithAdded({{"q|", TokenKind::kControl}});
  vocabulary.merges.insert(vocabulary.merges.begin(), "q |");
  for (const char* name : {"smollm", "llama-bpe"}) {
    vocabulary.pre_tokenizer = name;
    const auto tokenizer = BuildTokenizer(vocabulary);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    for (const TokenId id : Ids(**tokenizer, "q|q|", false)) {
      EXPECT_NE((*tokenizer)->Kind(id), TokenKind::kControl);
    }
  }
}

TEST(Tokenizer, AddsEndsWhereTheFileSaysSo) {
  Vocabulary vocabulary =
      WithAdded({{"<s>", TokenKind::kControl}, {"</s>", TokenKind::kControl}});
  const TokenId bos = static_cast<TokenId>(vocabulary.tokens.size()) - 2;
  vocabulary.bos = bos;
  vocabulary.eos = bos + 1;
  vocabulary.add_bos = vocabulary.add_eos = true;
  auto tokenizer = BuildTokenizer(vocabulary);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_THAT(Ids(**tokenizer, "", true, true), ElementsAre(bos, bos + 1));
  EXPECT_THAT(Ids(**tokenizer, "", true, false), ElementsAre());
  vocabulary.add_bos = vocabulary.add_eos = std::nullopt;
  tokenizer = BuildTokenizer(vocabulary);
  EXPECT_THAT(Ids(**tokenizer, "", true, true), ElementsAre());
  vocabulary.pre_tokenizer = "llama-bpe";
  tokenizer = BuildTokenizer(vocabulary);
  EXPECT_THAT(Ids(**tokenizer, "", true, true), ElementsAre(bos));
  vocabulary.bos = -1;
  tokenizer = BuildTokenizer(vocabulary);
  EXPECT_FALSE((*tokenizer)->adds_bos());
}

TEST(Tokenizer, NamesTheTokensThatEndGeneration) {
  Vocabulary vocabulary = WithAdded({{"<|endoftext|>", TokenKind::kControl},
                                     {"<|eot_id|>", TokenKind::kNormal},
                                     {"<|end|>", TokenKind::kControl},
                                     {"<x>", TokenKind::kControl},
                                     {"<|im_end|>", TokenKind::kControl}});
  const TokenId first = static_cast<TokenId>(vocabulary.tokens.size()) - 5;
  vocabulary.eos = first + 3;
  vocabulary.eot = 65;
  auto tokenizer = BuildTokenizer(vocabulary);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_THAT((*tokenizer)->end_ids(),
              ElementsAre(65, first, first + 2, first + 3, first + 4));
  // With these two, "<|end|>" only ends one message.
  for (const char* text : {"<|return|>", "<|call|>"}) {
    vocabulary.tokens.push_back(text);
    vocabulary.kinds.push_back(TokenKind::kControl);
  }
  tokenizer = BuildTokenizer(vocabulary);
  EXPECT_THAT(
      (*tokenizer)->end_ids(),
      ElementsAre(65, first, first + 3, first + 4, first + 5, first + 6));
}

TEST(Tokenizer, RefusesInvalidUtf8WithItsOffset) {
  const auto tokenizer = BuildTokenizer(ByteLevelVocabulary("smollm"));
  ASSERT_TRUE(tokenizer.ok());
  const auto ids = (*tokenizer)->Encode("abc\xE2\x82", {});
  EXPECT_EQ(ids.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(ids.status().message()), HasSubstr("byte 3"));
}

void ExpectRefused(const Vocabulary& vocabulary, absl::StatusCode code,
                   std::string_view message) {
  const auto tokenizer = BuildTokenizer(vocabulary);
  EXPECT_EQ(tokenizer.status().code(), code) << tokenizer.status();
  EXPECT_THAT(std::string(tokenizer.status().message()),
              HasSubstr(std::string(message)));
}

TEST(Tokenizer, RefusesWhatItDoesNotKnow) {
  Vocabulary vocabulary = ByteLevelVocabulary("gpt-3000");
  ExpectRefused(vocabulary, absl::StatusCode::kUnimplemented, "'gpt-3000'");
  vocabulary.kind = "rwkv";
  ExpectRefused(vocabulary, absl::StatusCode::kUnimplemented, "'rwkv'");
}

TEST(Tokenizer, RefusesAVocabularyThatContradictsItself) {
  constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
  const Vocabulary good = WithAdded({{"<s>", TokenKind::kControl}});
  Vocabulary bad = good;
  bad.tokens.clear();
  ExpectRefused(bad, kDataLoss, "empty");
  bad = good;
  bad.kinds.pop_back();
  ExpectRefused(bad, kDataLoss, "token types");
  bad = good;
  bad.scores = {1};
  ExpectRefused(bad, kDataLoss, "scores");
  bad = good;
  bad.eos = static_cast<TokenId>(bad.tokens.size());
  ExpectRefused(bad, kDataLoss, "EOS");
  bad = good;
  bad.pad = -2;
  ExpectRefused(bad, kDataLoss, "padding");
  bad = good;
  bad.tokens.back() = "a";
  ExpectRefused(bad, kDataLoss, "same text");
  bad = good;
  for (char c = 'a'; c <= 'z'; ++c) {
    for (int n = 0; n < 4; ++n) {
      bad.tokens.emplace_back(50000 + n, c);
      bad.kinds.push_back(TokenKind::kUserDefined);
    }
  }
  ExpectRefused(bad, absl::StatusCode::kResourceExhausted, "added tokens");
  for (const char* merge : {"", "a", "ab", "a ", "a \xE2\x96\x81", "a b c"}) {
    bad = good;
    bad.merges.push_back(merge);
    ExpectRefused(bad, kDataLoss, "merge 44");
  }
  bad = SentencePieceVocabulary();
  bad.scores[300] = std::numeric_limits<float>::quiet_NaN();
  ExpectRefused(bad, kDataLoss, "token 300");
  bad.scores.clear();
  ExpectRefused(bad, kDataLoss, "scores");
}

TEST(SentencePiece, PrefixesEveryStretchWithASpace) {
  const auto tokenizer = BuildTokenizer(SentencePieceVocabulary());
  ASSERT_TRUE(tokenizer.ok());
  const TokenId the = (*tokenizer)->Find("\xE2\x96\x81the");
  EXPECT_THAT(Ids(**tokenizer, "the", true, true), ElementsAre(1, the));
  EXPECT_THAT(Ids(**tokenizer, "<s>the</s>the", true),
              ElementsAre(1, the, 2, the));
  EXPECT_THAT(Ids(**tokenizer, "", true, true), ElementsAre(1));
  Vocabulary plain = SentencePieceVocabulary();
  plain.add_space_prefix = false;
  const auto unprefixed = BuildTokenizer(plain);
  ASSERT_TRUE(unprefixed.ok());
  EXPECT_NE(Ids(**unprefixed, "the", true), Ids(**tokenizer, "the", true));
  EXPECT_EQ(*(*unprefixed)->Decode(Ids(**unprefixed, " the", true), false),
            " the");
}

TEST(SentencePiece, WithoutBytesGivesOneUnknownForARun) {
  Vocabulary vocabulary = SentencePieceVocabulary();
  for (TokenKind& kind : vocabulary.kinds) {
    if (kind == TokenKind::kByte) kind = TokenKind::kNormal;
  }
  vocabulary.add_space_prefix = false;
  auto tokenizer = BuildTokenizer(vocabulary);
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_THAT(Ids(**tokenizer, "\xF3\xA0\x84\x80\xF3\xA0\x84\x81", false),
              ElementsAre(0));
  vocabulary.unk = -1;
  vocabulary.kinds[0] = TokenKind::kUnused;
  tokenizer = BuildTokenizer(vocabulary);
  EXPECT_EQ((*tokenizer)->Encode("\xF3\xA0\x84\x80", {}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

// Long runs of one kind take time and memory in proportion to their length,
// in every pre-tokenizer: a quadratic split or merge would not finish, and a
// search without bound would be refused.
TEST(Tokenizer, TakesLongRunsInItsStride) {
  constexpr std::string_view kRuns[] = {" ",        "A",
                                        "aA",       "7",
                                        "\r\n",     "\xCC\x81\xCC\xA3",
                                        "'",        "\xE4\xB8\xAD",
                                        "<|im_end|"};
  std::vector<std::string> texts;
  for (const std::string_view run : kRuns) {
    std::string& text = texts.emplace_back();
    while (text.size() < 20000) text += run;
    text += "\xE4\xB8\xAD";
  }
  std::string last;
  const auto goldens = Lines(ReadGolden("names.txt"));
  for (const std::string& line : goldens) {
    const std::string golden = line.substr(line.find(' ') + 1);
    if (std::exchange(last, golden) == golden) continue;
    const auto tokenizer =
        BuildTokenizer(ByteLevelVocabulary(line.substr(0, line.find(' '))));
    ASSERT_TRUE(tokenizer.ok());
    for (const std::string& text : texts) {
      const auto ids = (*tokenizer)->Encode(text, {});
      ASSERT_TRUE(ids.ok()) << line << ids.status();
    }
  }
  const auto pieces = BuildTokenizer(SentencePieceVocabulary());
  for (const std::string& text : texts) {
    ASSERT_TRUE((*pieces)->Encode(text, {}).ok());
  }
}

}  // namespace
}  // namespace inlay::text
