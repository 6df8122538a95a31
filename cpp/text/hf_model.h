// The model of a tokenizer.json: a piece of text to token ids.
#ifndef INLAY_TEXT_HF_MODEL_H_
#define INLAY_TEXT_HF_MODEL_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/json.h"
#include "cpp/text/hf_vocabulary.h"

namespace inlay::text {

// Immutable; any thread.
class HfModel {
 public:
  virtual ~HfModel() = default;
  // Appends the ids of `piece`, which is not empty. kInvalidArgument if it has
  // none.
  virtual Status Encode(std::string_view piece,
                        std::vector<TokenId>* ids) const = 0;
  virtual std::string_view description() const = 0;
  // The unknown token; -1 if there is none.
  virtual TokenId unknown() const = 0;
};

// Adds the tokens of model.vocab to *vocabulary. The kind of model, by "type"
// or, in old files, by what it has. kUnimplemented names an unknown kind.
StatusOr<std::string> ParseModelVocabulary(const json::Value& model,
                                           HfVocabulary* vocabulary);

// One function per kind; `vocabulary` is complete and outlives the result.
StatusOr<std::unique_ptr<HfModel>> ParseModel(const std::string& kind,
                                              const json::Value& model,
                                              const HfVocabulary& vocabulary);
StatusOr<std::unique_ptr<HfModel>> ParseBpe(const json::Value& model,
                                            const HfVocabulary& vocabulary);
StatusOr<std::unique_ptr<HfModel>> ParseUnigram(const json::Value& model,
                                                const HfVocabulary& vocabulary);
StatusOr<std::unique_ptr<HfModel>> ParseWordPiece(
    const json::Value& model, const HfVocabulary& vocabulary);
StatusOr<std::unique_ptr<HfModel>> ParseWordLevel(
    const json::Value& model, const HfVocabulary& vocabulary);

// The token called by model.unk_token; -1 if that is absent.
// kInvalidArgument if there is no such token.
StatusOr<TokenId> ParseUnknown(const json::Value& model,
                               const HfVocabulary& vocabulary);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_MODEL_H_
