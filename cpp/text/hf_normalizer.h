// The normaliser of a tokenizer.json: text to text.
#ifndef INLAY_TEXT_HF_NORMALIZER_H_
#define INLAY_TEXT_HF_NORMALIZER_H_

#include <memory>
#include <string>
#include <string_view>

#include "cpp/base/json.h"

namespace inlay::text {

// Text may grow by a bounded factor per step; all steps together at most to
// this size, beyond which they are kResourceExhausted.
inline constexpr size_t kMaxNormalizedBytes = size_t{1} << 28;

// Immutable; any thread.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  // `text` is valid UTF-8, and so is the result.
  virtual StatusOr<std::string> Apply(std::string_view text) const = 0;
};

// Null if `value` is not there. kUnimplemented names a type that is unknown.
StatusOr<std::unique_ptr<Normalizer>> ParseNormalizer(const json::Value& value);

// The parts that have files of their own.
StatusOr<std::unique_ptr<Normalizer>> ParsePrecompiled(
    const json::Value& value);
StatusOr<std::unique_ptr<Normalizer>> ParseBertNormalizer(
    const json::Value& value);

// Lower case by the full mapping of each character on its own.
std::string LowerCase(std::string_view text);

}  // namespace inlay::text

#endif  // INLAY_TEXT_HF_NORMALIZER_H_
