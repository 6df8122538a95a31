#include "cpp/text/end_tokens.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace inlay::text {
namespace {

constexpr std::string_view kEndTexts[] = {
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|eot|>",
    "<|eom|>",
    "<end_of_turn>",
    "<turn|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|end_of_turn|>",
    "<|END_OF_TURN_TOKEN|>",
    "<|return|>",
    "<|call|>",
    "<end_of_utterance>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "</s>",
    "<eos>",
    "<\xEF\xBD\x9C"
    "end\xE2\x96\x81of\xE2\x96\x81sentence\xEF\xBD\x9C>",
};
// Ends a turn, except where "<|return|>" and "<|call|>" do: there it ends one
// message of several.
constexpr std::string_view kEndOfMessage = "<|end|>";

template <typename Range>
bool Has(const Range& range, std::string_view text) {
  return std::find(std::begin(range), std::end(range), text) != std::end(range);
}

}  // namespace

std::vector<TokenId> FindEndTokens(const Vocabulary& vocabulary) {
  std::vector<TokenId> ends = vocabulary.ends;
  for (const TokenId id : {vocabulary.eos, vocabulary.eot, vocabulary.eom}) {
    if (id >= 0) ends.push_back(id);
  }
  const bool messages = Has(vocabulary.tokens, "<|return|>") &&
                        Has(vocabulary.tokens, "<|call|>");
  for (size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    if (vocabulary.kinds[i] != TokenKind::kControl) continue;
    const std::string_view text = vocabulary.tokens[i];
    if (Has(kEndTexts, text) || (text == kEndOfMessage && !messages)) {
      ends.push_back(static_cast<TokenId>(i));
    }
  }
  std::sort(ends.begin(), ends.end());
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  return ends;
}

}  // namespace inlay::text
