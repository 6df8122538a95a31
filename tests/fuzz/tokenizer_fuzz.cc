// libFuzzer target: any bytes as text for a byte-level tokenizer. The first
// byte picks the pre-tokenizer. Text that is valid UTF-8 must come back from
// its ids, except where NFC changes it; the stream must agree with Decode.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cpp/text/byte_alphabet.h"
#include "cpp/text/detokenizer.h"
#include "cpp/text/gguf_tokenizer.h"
#include "cpp/text/pre_tokenizer_table.h"

namespace {

using namespace inlay::text;  // NOLINT: a test program of one file

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

Vocabulary SmallVocabulary(std::string_view pre_tokenizer) {
  Vocabulary vocabulary;
  vocabulary.kind = "gpt2";
  vocabulary.pre_tokenizer = pre_tokenizer;
  for (int byte = 0; byte < 256; ++byte) {
    std::string letter;
    AppendByteLetters(std::string(1, static_cast<char>(byte)), &letter);
    vocabulary.tokens.push_back(letter);
  }
  for (const char* merge : {"a a", "aa aa", "1 1", "' s", "\xC4\xA0 a"}) {
    vocabulary.merges.push_back(merge);
    std::string token = merge;
    token.erase(token.find(' '), 1);
    vocabulary.tokens.push_back(token);
  }
  vocabulary.kinds.assign(vocabulary.tokens.size(), TokenKind::kNormal);
  vocabulary.tokens.push_back("<|x|>");
  vocabulary.kinds.push_back(TokenKind::kControl);
  return vocabulary;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  size_t count = 0;
  while (!PreTokenizerName(count).empty()) ++count;
  const std::string_view name = PreTokenizerName(data[0] % count);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1,
                              size - 1);
  const auto tokenizer = BuildTokenizer(SmallVocabulary(name));
  Require(tokenizer.ok());
  for (const bool parse_special : {false, true}) {
    const auto ids =
        (*tokenizer)->Encode(text, {.parse_special = parse_special});
    if (!ids.ok()) continue;
    const auto back = (*tokenizer)->Decode(*ids, /*special=*/true);
    Require(back.ok());
    const bool nfc = (FindPreTokenizer(name)->flags & kNfc) != 0;
    Require(nfc || *back == text);
    DetokenizerStream stream(tokenizer->get(), false);
    std::string streamed;
    for (const TokenId id : *ids) stream.Push(id, &streamed);
    stream.Finish(&streamed);
    Require(streamed == *(*tokenizer)->Decode(*ids, /*special=*/false));
  }
  return 0;
}
