#include "cpp/text/byte_alphabet.h"

#include "cpp/text/utf8.h"

namespace inlay::text {
namespace {

constexpr int kLetters = 0x144;  // one past the last letter

constexpr std::array<int16_t, kLetters> MakeLetterBytes() {
  std::array<int16_t, kLetters> bytes{};
  for (int16_t& byte : bytes) byte = -1;
  for (int16_t byte = 0; byte < 256; ++byte) bytes[kByteLetters[byte]] = byte;
  return bytes;
}
constexpr std::array<int16_t, kLetters> kLetterBytes = MakeLetterBytes();

}  // namespace

int ByteOfLetter(char32_t letter) {
  return letter < kLetters ? kLetterBytes[letter] : -1;
}

void AppendByteLetters(std::string_view bytes, std::string* out) {
  for (const char byte : bytes) {
    AppendUtf8(kByteLetters[static_cast<uint8_t>(byte)], out);
  }
}

bool BytesOfLetters(std::string_view letters, std::string* out) {
  out->clear();
  for (size_t at = 0; at < letters.size();) {
    const Utf8Step step = StepUtf8(letters.substr(at));
    if (step.state != Utf8State::kValid) return false;
    const int byte = ByteOfLetter(step.code_point);
    if (byte < 0) return false;
    out->push_back(static_cast<char>(byte));
    at += step.length;
  }
  return true;
}

}  // namespace inlay::text
