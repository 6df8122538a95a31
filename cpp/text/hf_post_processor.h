// The post-processor of a tokenizer.json: what stands around a text.
#ifndef INLAY_TEXT_HF_POST_PROCESSOR_H_
#define INLAY_TEXT_HF_POST_PROCESSOR_H_

#include <vector>

#include "cpp/base/json.h"
#include "cpp/text/hf_vocabulary.h"

namespace inlay::text {

struct HfFrame {
  std::vector<TokenId> before, after;
};

// Empty if `value` is not there. kUnimplemented names a type that is unknown;
// kInvalidArgument a token that there is not.
StatusOr<HfFrame> ParsePostProcessor(const json::Value& value,
                                     const HfVocabulary& vocabulary);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_POST_PROCESSOR_H_
