// Regular expressions as tokenizer.json writes them.
#ifndef INLAY_TEXT_HF_REGEX_H_
#define INLAY_TEXT_HF_REGEX_H_

#include <string_view>

#include "cpp/base/json.h"
#include "cpp/text/pattern.h"

namespace inlay::text {

// Compiles the Oniguruma syntax of `pattern`. kUnimplemented names a construct
// that means something else, or nothing, to the engine used here;
// kInvalidArgument a pattern that is not valid. `path` is for messages.
StatusOr<Pattern> CompileRegex(std::string_view pattern, std::string_view path);

// {"String": s}, matched as written, or {"Regex": r}.
StatusOr<Pattern> ParsePattern(const json::Value& value);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_REGEX_H_
