#include "cpp/text/jinja_text.h"

#include <utf8proc.h>

#include <algorithm>

namespace inlay::text::jinja {
namespace {

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

bool Contains(std::string_view set, std::string_view code_point) {
  return set.find(code_point) != std::string_view::npos;
}

bool Stripped(std::string_view text, size_t at, size_t size,
              std::string_view chars) {
  return chars.empty() ? IsSpace(DecodeAt(text, at))
                       : Contains(chars, text.substr(at, size));
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    if (p[at] < 0x80) {
      ++at;
      continue;
    }
    utf8proc_int32_t code_point;
    const auto left =
        static_cast<utf8proc_ssize_t>(std::min<size_t>(text.size() - at, 4));
    const utf8proc_ssize_t size = utf8proc_iterate(p + at, left, &code_point);
    if (size <= 0) return false;
    at += static_cast<size_t>(size);
  }
  return true;
}

int64_t CountCodePoints(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return !IsContinuation(c); });
}

size_t CodePointSize(std::string_view text, size_t offset) {
  size_t end = offset + 1;
  while (end < text.size() && IsContinuation(text[end])) ++end;
  return end - offset;
}

char32_t DecodeAt(std::string_view text, size_t offset) {
  const auto lead = static_cast<uint8_t>(text[offset]);
  if (lead < 0x80) return lead;
  const size_t size = CodePointSize(text, offset);
  char32_t value = lead & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    value = (value << 6) | (static_cast<uint8_t>(text[offset + i]) & 0x3F);
  }
  return value;
}

void AppendCodePoint(char32_t code_point, std::string* out) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

size_t OffsetOf(std::string_view text, bool ascii, int64_t index) {
  if (ascii) return std::min(static_cast<size_t>(index), text.size());
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) {
    at += CodePointSize(text, at);
  }
  return at;
}

std::string_view StripLeft(std::string_view text, std::string_view chars) {
  while (!text.empty()) {
    const size_t size = CodePointSize(text, 0);
    if (!Stripped(text, 0, size, chars)) break;
    text.remove_prefix(size);
  }
  return text;
}

std::string_view StripRight(std::string_view text, std::string_view chars) {
  while (!text.empty()) {
    size_t at = text.size() - 1;
    while (at > 0 && IsContinuation(text[at])) --at;
    if (!Stripped(text, at, text.size() - at, chars)) break;
    text.remove_suffix(text.size() - at);
  }
  return text;
}

}  // namespace inlay::text::jinja
