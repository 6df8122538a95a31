// tokenizer_config.json and special_tokens_map.json.
#ifndef INLAY_TEXT_HF_CONFIG_H_
#define INLAY_TEXT_HF_CONFIG_H_

#include <optional>
#include <string>
#include <string_view>

#include "cpp/base/status.h"

namespace inlay::text {

// The tokens that have a meaning of their own, as they are written.
struct HfConfig {
  std::optional<std::string> bos, eos, unk, pad;
  // Jinja source; of several templates the one called "default".
  std::optional<std::string> chat_template;
};

// Adds what `json` says to *config; what *config has already stays.
// kInvalidArgument names `what` and the value of the wrong type.
Status ReadHfConfig(std::string_view json, const std::string& what,
                    HfConfig* config);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_CONFIG_H_
