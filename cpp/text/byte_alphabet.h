// The printable alphabet of byte-level BPE: every byte has one code point.
//
// Bytes that are printable in Latin-1 (0x21-0x7E, 0xA1-0xAC, 0xAE-0xFF) stand
// for themselves; the other 68 take U+0100, U+0101, ... in order of their
// value (Radford et al. 2019, "Language Models are Unsupervised Multitask
// Learners").
#ifndef INLAY_TEXT_BYTE_ALPHABET_H_
#define INLAY_TEXT_BYTE_ALPHABET_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace inlay::text {

constexpr bool IsOwnLetter(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
}

// byte -> code point.
constexpr std::array<char16_t, 256> MakeByteLetters() {
  std::array<char16_t, 256> letters{};
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    letters[byte] = static_cast<char16_t>(IsOwnLetter(byte) ? byte : next++);
  }
  return letters;
}
inline constexpr std::array<char16_t, 256> kByteLetters = MakeByteLetters();

// The byte of a letter; -1 if the code point is none.
int ByteOfLetter(char32_t letter);

// Appends `bytes` spelled in the alphabet.
void AppendByteLetters(std::string_view bytes, std::string* out);

// Spells `letters` back into bytes. False, with *out unspecified, if one of
// them is not in the alphabet.
bool BytesOfLetters(std::string_view letters, std::string* out);

}  // namespace inlay::text

#endif  // INLAY_TEXT_BYTE_ALPHABET_H_
