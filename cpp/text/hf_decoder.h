// The decoder of a tokenizer.json, token by token.
#ifndef INLAY_TEXT_HF_DECODER_H_
#define INLAY_TEXT_HF_DECODER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cpp/base/json.h"

namespace inlay::text {

// One step on one token.
class DecoderStep {
 public:
  virtual ~DecoderStep() = default;
  // False: *text is final, and may be part of a character.
  virtual StatusOr<bool> Apply(std::string* text) const = 0;
};

struct HfDecoder {
  std::vector<std::unique_ptr<DecoderStep>> steps;
  bool strips_leading_space = false;
  bool fused = false;  // while parsing: steps see the whole text from here on

  // The bytes that a token stands for; its text where a step fails.
  std::string Bytes(std::string_view token) const;
};

// Without a value, tokens are joined with blanks. kUnimplemented names a type
// that is unknown, or an order of steps that cannot be done by token.
StatusOr<HfDecoder> ParseDecoder(const json::Value& value);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_DECODER_H_
