// A vocabulary as a model file describes it, independent of the format.
#ifndef INLAY_TEXT_VOCABULARY_H_
#define INLAY_TEXT_VOCABULARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cpp/text/tokenizer.h"

namespace inlay::text {

// Filled by cpp/model from metadata (tokenizer.ggml.*); text knows no files.
struct Vocabulary {
  std::string kind;           // tokenizer.ggml.model: "gpt2", "llama", ...
  std::string pre_tokenizer;  // tokenizer.ggml.pre; empty if absent
  std::vector<std::string> tokens;
  std::vector<TokenKind> kinds;     // empty or one per token
  std::vector<float> scores;        // empty or one per token
  std::vector<std::string> merges;  // "a b", in rank order
  TokenId bos = -1, eos = -1, unk = -1, pad = -1, eot = -1, eom = -1;
  std::optional<bool> add_bos, add_eos, add_space_prefix;
  bool remove_extra_whitespaces = false;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_VOCABULARY_H_
