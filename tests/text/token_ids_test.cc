// Token ids against the package `tokenizers`; see tests/goldens/make_text.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "cpp/text/gguf_tokenizer.h"
#include "cpp/text/pre_tokenizer_table.h"
#include "tests/text/corpus.h"

namespace inlay::text {
namespace {

// The strings whose ids differ from the golden, of every `step`-th; shows the
// first few.
int CountDifferences(const Tokenizer& tokenizer, const std::string& golden,
                     size_t step = 1) {
  const std::vector<std::string>& corpus = Corpus();
  if (golden.size() != 2 * corpus.size()) return -1;
  int differences = 0;
  for (size_t i = 0; i < corpus.size(); i += step) {
    const auto ids = tokenizer.Encode(corpus[i], {.add_special = false});
    if (ids.ok() && Digest(*ids) == GoldenDigest(golden, i)) continue;
    if (++differences > 3) continue;
    ADD_FAILURE() << "string " << i << " \"" << absl::CHexEscape(corpus[i])
                  << "\": "
                  << (ids.ok() ? absl::StrJoin(*ids, ",")
                               : ids.status().ToString());
  }
  return differences;
}

std::map<std::string, std::string> GoldensByName() {
  std::map<std::string, std::string> goldens;
  for (const std::string& line : Lines(ReadGolden("names.txt"))) {
    const size_t space = line.find(' ');
    goldens[line.substr(0, space)] = line.substr(space + 1);
  }
  return goldens;
}

std::vector<std::string> OfferedNames() {
  std::vector<std::string> names;
  for (size_t i = 0; !PreTokenizerName(i).empty(); ++i) {
    names.emplace_back(PreTokenizerName(i));
  }
  return names;
}

class PreTokenizerIds : public testing::TestWithParam<std::string> {};

TEST_P(PreTokenizerIds, EqualTheReference) {
  const auto goldens = GoldensByName();
  const auto golden = goldens.find(GetParam());
  ASSERT_NE(golden, goldens.end()) << "offered without a golden";
  const auto tokenizer = BuildTokenizer(ByteLevelVocabulary(GetParam()));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  // Another name for a pipeline gets a sample, and all in tests/long.sh.
  const bool sample = golden->second != GetParam() &&
                      FindPreTokenizer(golden->second) != nullptr &&
                      std::getenv("INLAY_TEST_ALL") == nullptr;
  EXPECT_EQ(CountDifferences(**tokenizer, ReadGolden(golden->second + ".bin"),
                             sample ? 20 : 1),
            0);
}

INSTANTIATE_TEST_SUITE_P(All, PreTokenizerIds,
                         testing::ValuesIn(OfferedNames()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) {
                             if (!isalnum(c)) c = '_';
                           }
                           return name;
                         });

TEST(SentencePieceIds, EqualTheReference) {
  const auto tokenizer = BuildTokenizer(SentencePieceVocabulary());
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(CountDifferences(**tokenizer, ReadGolden("sentencepiece.bin")), 0);
}

TEST(TokenIds, DecodeGivesTheTextBack) {
  const auto bytes = BuildTokenizer(ByteLevelVocabulary("smollm"));
  const auto pieces = BuildTokenizer(SentencePieceVocabulary());
  ASSERT_TRUE(bytes.ok() && pieces.ok());
  for (const std::string& text : Corpus()) {
    const auto ids = (*bytes)->Encode(text, {});
    ASSERT_TRUE(ids.ok());
    EXPECT_EQ(*(*bytes)->Decode(*ids, false), text);
    if (text.find("\xE2\x96\x81") != std::string::npos) continue;
    const auto piece_ids = (*pieces)->Encode(text, {});
    ASSERT_TRUE(piece_ids.ok());
    EXPECT_EQ(*(*pieces)->Decode(*piece_ids, false), text);
  }
}

}  // namespace
}  // namespace inlay::text
