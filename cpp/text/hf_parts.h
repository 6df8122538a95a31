// The parts that a tokenizer.json is made of, put together.
#ifndef INLAY_TEXT_HF_PARTS_H_
#define INLAY_TEXT_HF_PARTS_H_

#include <memory>
#include <string>
#include <string_view>

#include "cpp/text/hf_added_tokens.h"
#include "cpp/text/hf_decoder.h"
#include "cpp/text/hf_model.h"
#include "cpp/text/hf_normalizer.h"
#include "cpp/text/hf_post_processor.h"
#include "cpp/text/hf_pre_tokenizer.h"
#include "cpp/text/hf_vocabulary.h"

namespace inlay::text {

// Added tokens are looked for in the text as it is, or as it is normalised.
// The second of each pair has the special ones too.
struct HfAdded {
  AddedTokens raw[2];
  AddedTokens normalized[2];
};

struct HfParts {
  // The model views it, so it has an address of its own.
  std::unique_ptr<HfVocabulary> vocabulary;
  std::unique_ptr<Normalizer> normalizer;         // null: none
  std::unique_ptr<HfPreTokenizer> pre_tokenizer;  // null: none
  std::unique_ptr<HfModel> model;
  HfFrame frame;
  HfDecoder decoder;
  HfAdded added;
};

// Errors as BuildHfTokenizer.
StatusOr<HfParts> ParseHfParts(std::string_view json);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_PARTS_H_
