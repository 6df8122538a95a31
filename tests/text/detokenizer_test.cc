#include "cpp/text/detokenizer.h"

#include <gtest/gtest.h>

#include "cpp/text/gguf_tokenizer.h"
#include "cpp/text/utf8.h"
#include "tests/text/corpus.h"

namespace inlay::text {
namespace {

// Bytes only: token i is byte i.
std::shared_ptr<const Tokenizer> Bytes() {
  Vocabulary vocabulary = ByteLevelVocabulary("gpt-2");
  vocabulary.tokens.resize(256);
  vocabulary.merges.clear();
  auto tokenizer = BuildTokenizer(std::move(vocabulary));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status();
  return *tokenizer;
}

TEST(Detokenizer, EmitsEachCodePointWithItsLastByte) {
  const auto tokenizer = Bytes();
  for (const char32_t c : {0x41u, 0xE9u, 0x7FFu, 0x800u, 0x4E2Du, 0xFFFDu,
                           0x10000u, 0x1F600u, 0x10FFFFu}) {
    std::string text;
    AppendUtf8(c, &text);
    DetokenizerStream stream(tokenizer.get(), false);
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      EXPECT_EQ(out, "");
      stream.Push(static_cast<uint8_t>(text[i]), &out);
    }
    EXPECT_EQ(out, text);
  }
}

// Whatever bytes come, the stream gives what Decode gives, in whole code
// points after every push.
TEST(Detokenizer, EqualsDecodeOnAnyBytes) {
  const auto tokenizer = Bytes();
  SplitMix64 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::vector<TokenId> ids(1 + random.Below(8));
    for (TokenId& id : ids) {
      constexpr uint8_t kBytes[] = {0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                    0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED,
                                    0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
      id = kBytes[random.Below(std::size(kBytes))];
    }
    DetokenizerStream stream(tokenizer.get(), false);
    std::string out;
    for (const TokenId id : ids) {
      stream.Push(id, &out);
      ASSERT_EQ(FindInvalidUtf8(out), std::string_view::npos);
    }
    stream.Finish(&out);
    ASSERT_EQ(out, *tokenizer->Decode(ids, false));
  }
}

TEST(Detokenizer, GivesTheCorpusBackPieceByPiece) {
  for (auto vocabulary :
       {ByteLevelVocabulary("smollm"), SentencePieceVocabulary()}) {
    const auto tokenizer = BuildTokenizer(std::move(vocabulary));
    ASSERT_TRUE(tokenizer.ok());
    for (size_t i = 0; i < Corpus().size(); i += 7) {
      const std::string& text = Corpus()[i];
      if (text.find("\xE2\x96\x81") != std::string::npos) continue;
      const auto ids = (*tokenizer)->Encode(text, {});
      ASSERT_TRUE(ids.ok());
      DetokenizerStream stream(tokenizer->get(), false);
      std::string out;
      for (const TokenId id : *ids) stream.Push(id, &out);
      stream.Finish(&out);
      ASSERT_EQ(out, text);
    }
  }
}

TEST(Detokenizer, DropsTheLeadingSpaceOnlyAtTheStart) {
  const auto tokenizer = BuildTokenizer(SentencePieceVocabulary());
  ASSERT_TRUE(tokenizer.ok());
  const TokenId the = (*tokenizer)->Find("\xE2\x96\x81the");
  ASSERT_GE(the, 0);
  for (const bool continues : {false, true}) {
    DetokenizerStream stream(tokenizer->get(), continues);
    std::string out;
    stream.Push((*tokenizer)->bos(), &out);
    stream.Push(the, &out);
    stream.Push(the, &out);
    EXPECT_EQ(out, continues ? " the the" : "the the");
  }
}

TEST(Detokenizer, IgnoresIdsOutsideTheVocabulary) {
  const auto tokenizer = Bytes();
  DetokenizerStream stream(tokenizer.get(), false);
  std::string out;
  for (const TokenId id : {-1, 256, INT32_MAX, INT32_MIN}) {
    stream.Push(id, &out);
  }
  stream.Finish(&out);
  EXPECT_EQ(out, "");
  const TokenId bad[] = {65, 256};
  EXPECT_EQ(tokenizer->Decode(bad, false).status().code(),
            absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace inlay::text
