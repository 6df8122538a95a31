#include "cpp/engine/text_stream.h"

#include <utility>

namespace inlay::engine {

TextStream::TextStream(const text::Tokenizer* tokenizer, bool continues,
                       bool report_special, std::vector<std::string> stops)
    : tokenizer_(tokenizer),
      report_special_(report_special),
      stops_(std::move(stops)) {
  if (tokenizer != nullptr) detokenizer_.emplace(tokenizer, continues);
}

bool TextStream::Push(int32_t id, std::string* out) {
  // A model's output layer may be padded beyond its vocabulary.
  if (tokenizer_ == nullptr || id < 0 || id >= tokenizer_->size()) return false;
  piece_.clear();
  if (report_special_ && tokenizer_->Kind(id) == text::TokenKind::kControl) {
    detokenizer_->Finish(&piece_);
    piece_.append(tokenizer_->TokenBytes(id, /*special=*/true));
  } else {
    detokenizer_->Push(id, &piece_);
  }
  stopped_ = stops_.Push(piece_, out) >= 0;
  return stopped_;
}

void TextStream::Finish(std::string* out) {
  if (tokenizer_ == nullptr || stopped_) return;
  piece_.clear();
  detokenizer_->Finish(&piece_);
  stopped_ = true;
  if (stops_.Push(piece_, out) < 0) stops_.Finish(out);
}

}  // namespace inlay::engine
