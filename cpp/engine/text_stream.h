// How generated ids become text.
#ifndef INLAY_ENGINE_TEXT_STREAM_H_
#define INLAY_ENGINE_TEXT_STREAM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cpp/text/detokenizer.h"
#include "cpp/text/tokenizer.h"

namespace inlay::engine {

// One thread at a time. A copy continues by itself.
class TextStream {
 public:
  // `tokenizer` null: no text.
  TextStream(const text::Tokenizer* tokenizer, bool continues,
             bool report_special, std::vector<std::string> stops);
  // Appends the text that `id` completes. True if a stop string ended it.
  bool Push(int32_t id, std::string* out);
  // Appends what was held back.
  void Finish(std::string* out);

 private:
  const text::Tokenizer* tokenizer_;
  bool report_special_;
  std::optional<text::DetokenizerStream> detokenizer_;
  text::StopMatcher stops_;
  bool stopped_ = false;
  std::string piece_;
};

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_TEXT_STREAM_H_
