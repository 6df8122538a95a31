// Numbers as text. absl::StrFormat is not for code that may run out of memory:
// it writes its last piece in a destructor, which must not throw.
#ifndef INLAY_ENGINE_NUMBER_TEXT_H_
#define INLAY_ENGINE_NUMBER_TEXT_H_

#include <array>
#include <charconv>
#include <string>

namespace inlay::engine {

// The shortest text that reads back as `value`.
inline std::string ExactText(double value) {
  std::array<char, 32> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return std::string(text.data(), end);
}

// With so many decimals (at most 9); values of any size that times or bytes
// have.
inline std::string FixedText(double value, int decimals) {
  std::array<char, 48> text;
  const auto [end, error] =
      std::to_chars(text.data(), text.data() + text.size(), value,
                    std::chars_format::fixed, decimals);
  return error == std::errc() ? std::string(text.data(), end) : "0";
}

}  // namespace inlay::engine

#endif  // INLAY_ENGINE_NUMBER_TEXT_H_
