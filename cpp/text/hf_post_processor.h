// The post-processor of a tokenizer.json: what stands around a text.
#ifndef INLAY_TEXT_HF_POST_PROCESSOR_H_
#define INLAY_TEXT_HF_POST_PROCESSOR_H_

#include <vector>

#include "cpp/base/json.h"
#include "cpp/text/hf_vocabulary.h"

namespace inlay::text {

// A step of a template of two texts: one of them, or a token.
struct HfPairStep {
  int text = -1;  // 0 or 1; -1: `id`
  TokenId id = -1;
  int32_t type = 0;
};

struct HfFrame {
  std::vector<TokenId> before, after;  // of one text
  std::vector<HfPairStep> pair;        // empty: not known
};

// Empty if `value` is not there. kUnimplemented names a type that is unknown;
// kInvalidArgument a token that there is not.
StatusOr<HfFrame> ParsePostProcessor(const json::Value& value,
                                     const HfVocabulary& vocabulary);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_POST_PROCESSOR_H_
