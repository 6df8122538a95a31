// A tokenizer from tokenizer.json.
#ifndef INLAY_TEXT_HF_TOKENIZER_H_
#define INLAY_TEXT_HF_TOKENIZER_H_

#include <memory>
#include <string_view>
#include <vector>

#include "cpp/text/hf_config.h"
#include "cpp/text/tokenizer.h"

namespace inlay::text {

inline constexpr uint64_t kMaxTokenizerJsonBytes = uint64_t{256} << 20;

// `json` is the text of tokenizer.json. `end_ids` are further ids that end
// generation. Truncation and padding, which are wishes and not rules, are not
// done. kUnimplemented names a part that is not known: no id is ever guessed.
// kInvalidArgument and kDataLoss name the value that is wrong.
StatusOr<std::shared_ptr<const Tokenizer>> BuildHfTokenizer(
    std::string_view json, const HfConfig& config,
    const std::vector<int64_t>& end_ids);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_TOKENIZER_H_
