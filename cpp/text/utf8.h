// UTF-8 decoding that names every malformed sequence.
#ifndef INLAY_TEXT_UTF8_H_
#define INLAY_TEXT_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace inlay::text {

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

enum class Utf8State {
  kValid,       // `length` bytes are one code point
  kInvalid,     // `length` bytes are one maximal subpart
  kIncomplete,  // the text ends inside a sequence that may still become valid
};

struct Utf8Step {
  Utf8State state;
  size_t length;  // at least 1
  char32_t code_point;
};

// Reads the sequence at the start of `text`, which must not be empty.
// Follows table 3-7 of the Unicode Standard, so surrogates, overlong forms and
// values above U+10FFFF are invalid, and a malformed sequence ends before the
// first byte that cannot continue it ("maximal subpart", section 3.9).
Utf8Step StepUtf8(std::string_view text);

// The offset of the first byte that is not valid UTF-8; npos if there is none.
size_t FindInvalidUtf8(std::string_view text);

// Appends `text` to *out with each maximal subpart replaced by U+FFFD. Returns
// the number of trailing bytes that are incomplete; they are not appended.
size_t AppendRepaired(std::string_view text, std::string* out);

// Appends the encoding of a scalar value.
void AppendUtf8(char32_t code_point, std::string* out);

}  // namespace inlay::text

#endif  // INLAY_TEXT_UTF8_H_
