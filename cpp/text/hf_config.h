// tokenizer_config.json and special_tokens_map.json.
#ifndef INLAY_TEXT_HF_CONFIG_H_
#define INLAY_TEXT_HF_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"

namespace inlay::text {

// A token that stands in text as it is written.
struct HfAddedToken {
  int64_t id = -1;
  std::string content;
  bool special = false;
};

// The tokens that have a meaning of their own, as they are written.
struct HfConfig {
  std::optional<std::string> bos, eos, unk, pad;
  // Jinja source; of several templates the one called "default".
  std::optional<std::string> chat_template;
  // What a SentencePiece model needs beside it; tokenizer.json says it itself.
  std::optional<std::string> tokenizer_class;
  std::optional<bool> add_bos, add_eos, legacy;
  std::vector<HfAddedToken> added;
};

// Adds what `json` says to *config; what *config has already stays.
// kInvalidArgument names `what` and the value of the wrong type.
Status ReadHfConfig(std::string_view json, const std::string& what,
                    HfConfig* config);

// Adds the tokens of added_tokens.json, {"text": id}, that *config lacks.
Status ReadHfAddedTokens(std::string_view json, const std::string& what,
                         HfConfig* config);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_CONFIG_H_
