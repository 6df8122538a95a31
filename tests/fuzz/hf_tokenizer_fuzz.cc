// libFuzzer target: any bytes as a tokenizer.json, or as a SentencePiece model
// if they begin as one does. One that is accepted must encode texts to ids of
// its vocabulary, and decode them.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "cpp/text/hf_tokenizer.h"
#include "cpp/text/sentencepiece_model.h"
#include "cpp/text/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  inlay::text::HfConfig config;
  config.eos = "</s>";
  const bool model = size > 0 && data[0] == 0x0A;
  const auto tokenizer =
      model ? inlay::text::BuildSentencePieceTokenizer(file, config, {1, -5})
            : inlay::text::BuildHfTokenizer(file, config, {1, -5, 1 << 30});
  if (!tokenizer.ok()) return 0;
  for (const std::string_view text :
       {"", " ", "Hello, world 12 don't!", "  \xC3\xA9t\xC3\xA9\n\xE4\xB8\xAD",
        "<s>a</s> \xF0\x9F\x98\x80\xE2\x80\x8D x"}) {
    for (const bool special : {false, true}) {
      const auto ids = (*tokenizer)->Encode(text, {.parse_special = special});
      if (!ids.ok()) continue;
      for (const auto id : *ids) {
        if (id < 0 || id >= (*tokenizer)->size()) __builtin_trap();
      }
      const auto back = (*tokenizer)->Decode(*ids, special);
      if (!back.ok() || inlay::text::FindInvalidUtf8(*back) != back->npos) {
        __builtin_trap();
      }
    }
  }
  return 0;
}
