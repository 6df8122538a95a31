// Splits text into the pieces that byte-level BPE merges within.
#ifndef INLAY_TEXT_PRE_TOKENIZER_H_
#define INLAY_TEXT_PRE_TOKENIZER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/status.h"
#include "cpp/text/pattern.h"
#include "cpp/text/pre_tokenizer_table.h"

namespace inlay::text {

// Immutable; any number of threads may split at once.
class PreTokenizer {
 public:
  // kUnimplemented if `name` is not in the table.
  static StatusOr<PreTokenizer> Create(std::string_view name);

  // The text as the pieces see it: normalised where the table says so.
  StatusOr<std::string> Normalize(std::string_view text) const;
  bool normalizes() const { return (spec_->flags & kNfc) != 0; }

  // Cuts `text`, valid UTF-8, into *pieces, which cover it in order.
  Status Split(std::string_view text,
               std::vector<std::string_view>* pieces) const;

  const PreTokenizerSpec& spec() const { return *spec_; }

 private:
  struct Stage {
    Pattern pattern;
    SplitStage::Kind kind;
  };

  const PreTokenizerSpec* spec_ = nullptr;
  std::vector<Stage> stages_;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_PRE_TOKENIZER_H_
