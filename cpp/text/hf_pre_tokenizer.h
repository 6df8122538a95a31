// The pre-tokenizer of a tokenizer.json: text to the pieces that the model
// sees.
#ifndef INLAY_TEXT_HF_PRE_TOKENIZER_H_
#define INLAY_TEXT_HF_PRE_TOKENIZER_H_

#include <memory>
#include <string>
#include <vector>

#include "cpp/base/json.h"

namespace inlay::text {

// GPT-2's pattern (Radford et al., 2019).
inline constexpr char kGpt2Pattern[] =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct Piece {
  std::string text;    // never empty
  bool first = false;  // begins where the whole text begins
};

// Immutable; any thread.
class HfPreTokenizer {
 public:
  virtual ~HfPreTokenizer() = default;
  // Replaces each piece by those it is cut into.
  virtual Status Apply(std::vector<Piece>* pieces) const = 0;
};

// Null if `value` is not there. kUnimplemented names a type that is unknown.
StatusOr<std::unique_ptr<HfPreTokenizer>> ParsePreTokenizer(
    const json::Value& value);

// Metaspace has a file of its own.
StatusOr<std::unique_ptr<HfPreTokenizer>> ParseMetaspace(
    const json::Value& value);

// "always", "first", "never"; or the older add_prefix_space.
enum class PrependScheme { kAlways, kFirst, kNever };
StatusOr<PrependScheme> ParsePrependScheme(const json::Value& value);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_PRE_TOKENIZER_H_
