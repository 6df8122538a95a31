#include "cpp/text/detokenizer.h"

#include "cpp/text/utf8.h"

namespace inlay::text {

DetokenizerStream::DetokenizerStream(const Tokenizer* tokenizer, bool continues)
    : tokenizer_(tokenizer),
      at_start_(!continues && tokenizer->strips_leading_space()) {}

void DetokenizerStream::Push(TokenId id, std::string* out) {
  const std::string bytes = tokenizer_->TokenBytes(id, /*special=*/false);
  if (bytes.empty()) return;
  pending_.append(bytes, at_start_ && bytes[0] == ' ' ? 1 : 0);
  at_start_ = false;
  const size_t incomplete = AppendRepaired(pending_, out);
  pending_.erase(0, pending_.size() - incomplete);
}

void DetokenizerStream::Finish(std::string* out) {
  if (!pending_.empty()) out->append(kReplacement);
  pending_.clear();
}

}  // namespace inlay::text
