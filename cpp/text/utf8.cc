#include "cpp/text/utf8.h"

#include <cstdint>

namespace inlay::text {
namespace {

// What may follow a lead byte: the range of the second byte, and the length.
struct Lead {
  uint8_t length;  // 0: cannot start a sequence
  uint8_t low, high;
};

Lead LeadOf(uint8_t byte) {
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Step StepUtf8(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) < 0x80) return {Utf8State::kValid, 1, byte(0)};
  const Lead lead = LeadOf(byte(0));
  if (lead.length == 0) return {Utf8State::kInvalid, 1, 0};
  char32_t code_point = byte(0) & (0x7F >> lead.length);
  for (size_t i = 1; i < lead.length; ++i) {
    if (i == text.size()) return {Utf8State::kIncomplete, i, 0};
    const uint8_t low = i == 1 ? lead.low : 0x80;
    const uint8_t high = i == 1 ? lead.high : 0xBF;
    if (byte(i) < low || byte(i) > high) return {Utf8State::kInvalid, i, 0};
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  return {Utf8State::kValid, lead.length, code_point};
}

size_t FindInvalidUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Utf8Step step = StepUtf8(text.substr(at));
    if (step.state != Utf8State::kValid) return at;
    at += step.length;
  }
  return std::string_view::npos;
}

size_t AppendRepaired(std::string_view text, std::string* out) {
  size_t at = 0, copied = 0;
  while (at < text.size()) {
    const Utf8Step step = StepUtf8(text.substr(at));
    if (step.state != Utf8State::kValid) {
      out->append(text.substr(copied, at - copied));
      if (step.state == Utf8State::kIncomplete) return text.size() - at;
      out->append(kReplacement);
      copied = at + step.length;
    }
    at += step.length;
  }
  out->append(text.substr(copied));
  return 0;
}

void AppendUtf8(char32_t code_point, std::string* out) {
  const auto put = [out](char32_t byte) {
    out->push_back(static_cast<char>(byte));
  };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      put(0xE0 | code_point >> 12);
    } else {
      put(0xF0 | code_point >> 18);
      put(0x80 | (code_point >> 12 & 0x3F));
    }
    put(0x80 | (code_point >> 6 & 0x3F));
  }
  put(0x80 | (code_point & 0x3F));
}

}  // namespace inlay::text
