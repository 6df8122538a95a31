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
  std::string kind;  // tokenizer.ggml.model: "gpt2", "llama", "t5", "bert"
  std::string pre_tokenizer;  // tokenizer.ggml.pre; empty if absent
  std::vector<std::string> tokens;
  std::vector<TokenKind> kinds;     // empty or one per token
  std::vector<float> scores;        // empty or one per token
  std::vector<std::string> merges;  // "a b", in rank order
  TokenId bos = -1, eos = -1, unk = -1, pad = -1, eot = -1, eom = -1;
  std::vector<TokenId> ends;  // further ones that end generation
  std::optional<bool> add_bos, add_eos, add_space_prefix;
  bool remove_extra_whitespaces = false;

  // SentencePiece's normaliser and what its own files say beyond GGUF.
  std::string charsmap;  // table of replacements; empty: none
  bool escape_whitespaces = true;
  bool whitespace_as_suffix = false;
  bool prefix_first_only = false;  // not behind an added token
  // Tokens that the model finds in the text by itself, sorted.
  std::vector<TokenId> user_symbols;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_VOCABULARY_H_
