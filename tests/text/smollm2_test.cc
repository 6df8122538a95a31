// The vocabulary of a real model: INLAY_TEST_MODEL names the GGUF file of
// SmolLM2-135M-Instruct. Without it this test says that it was skipped; the
// vocabularies of the goldens are always tested.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cpp/formats/gguf.h"
#include "cpp/io/source.h"
#include "cpp/model/vocabulary.h"
#include "cpp/text/gguf_tokenizer.h"
#include "tests/text/corpus.h"

namespace inlay::text {
namespace {

TEST(SmolLm2, IdsEqualTheReference) {
  const char* path = std::getenv("INLAY_TEST_MODEL");
  if (path == nullptr) GTEST_SKIP() << "INLAY_TEST_MODEL is not set";
  auto source = io::OpenFile(path, true);
  ASSERT_TRUE(source.ok()) << source.status();
  const auto file = formats::ParseGguf(*source);
  ASSERT_TRUE(file.ok()) << file.status();
  auto vocabulary = model::ReadVocabulary(**file);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.status();
  const auto tokenizer = BuildTokenizer(*std::move(vocabulary));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const std::string golden = ReadGolden("smollm2.bin");
  int differences = 0;
  for (size_t i = 0; i < Corpus().size(); ++i) {
    const auto ids = (*tokenizer)->Encode(Corpus()[i], {});
    ASSERT_TRUE(ids.ok());
    differences += Digest(*ids) != GoldenDigest(golden, i);
  }
  EXPECT_EQ(differences, 0);
  EXPECT_EQ((*tokenizer)->end_ids().size(), 2u);  // endoftext and im_end
}

}  // namespace
}  // namespace inlay::text
