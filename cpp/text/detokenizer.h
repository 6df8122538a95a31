// Streaming detokeniser and stop strings.
#ifndef INLAY_TEXT_DETOKENIZER_H_
#define INLAY_TEXT_DETOKENIZER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/text/tokenizer.h"

namespace inlay::text {

// Turns a stream of ids into whole code points. Invalid bytes become U+FFFD,
// one per maximal subpart (Unicode 15, section 3.9). One thread at a time;
// copyable (a fork of a request copies it).
class DetokenizerStream {
 public:
  // `continues` is true if the ids continue earlier text (no leading-space
  // rule). The tokenizer must outlive this.
  DetokenizerStream(const Tokenizer* tokenizer, bool continues);
  // Appends to *out the text that is complete after `id`.
  void Push(TokenId id, std::string* out);
  // Appends what is left: an incomplete sequence becomes U+FFFD.
  void Finish(std::string* out);

 private:
  const Tokenizer* tokenizer_;
  bool at_start_;
  std::string pending_;  // an incomplete code point, at most 3 bytes
};

// Finds stop strings across the borders of pieces. Text that may be the start
// of a stop string is held back. One thread at a time; copyable.
class StopMatcher {
 public:
  // Empty strings are ignored.
  explicit StopMatcher(std::vector<std::string> stops);
  // Feeds `piece`; appends to *out the text that can no longer belong to a
  // stop string. Returns the index of the stop string that matched (the one
  // that ends earliest; among those the longest), or -1. After a match the
  // stop string and everything behind it is dropped.
  int Push(std::string_view piece, std::string* out);
  // Appends what was held back.
  void Finish(std::string* out);

 private:
  size_t HeldLength() const;

  std::vector<std::string> stops_;
  std::string held_;
  size_t longest_ = 0;
};

}  // namespace inlay::text

#endif  // INLAY_TEXT_DETOKENIZER_H_
