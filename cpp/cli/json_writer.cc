#include "cpp/cli/json_writer.h"

#include <cmath>
#include <cstdio>
#include <utility>

namespace inlay::cli {
namespace {

void AppendEscape(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      break;
  }
  char buffer[8];
  std::snprintf(buffer, sizeof buffer, "\\u%04x", c);
  out->append(buffer);
}

}  // namespace

// RFC 3629: no surrogates, no overlong forms, up to U+10FFFF.
size_t Utf8Size(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t size = lead >= 0xC2 && lead <= 0xDF   ? 2
                      : lead >= 0xE0 && lead <= 0xEF ? 3
                      : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                     : 0;
  if (size == 0 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) > 0x9F) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) > 0x8F) return 0;
  return size;
}

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const size_t size = Utf8Size(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (size == 0) {
      out.append("\xEF\xBF\xBD");
    } else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F) {
      AppendEscape(c, &out);
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  out += '"';
  return out;
}

JsonWriter& JsonWriter::Raw(std::string_view text) {
  if (comma_) out_ += ',';
  out_.append(text);
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Begin(char bracket) {
  Raw(std::string_view(&bracket, 1));
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::End(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  Raw(JsonString(name));
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Text(std::string_view value) {
  return Raw(JsonString(value));
}
JsonWriter& JsonWriter::Int(int64_t value) {
  return Raw(std::to_string(value));
}
JsonWriter& JsonWriter::Unsigned(uint64_t value) {
  return Raw(std::to_string(value));
}
JsonWriter& JsonWriter::Bool(bool value) {
  return Raw(value ? "true" : "false");
}
JsonWriter& JsonWriter::Null() { return Raw("null"); }

JsonWriter& JsonWriter::Real(double value) {
  if (!std::isfinite(value)) return Null();
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return Raw(buffer);
}

std::string JsonWriter::Take() { return std::exchange(out_, std::string()); }

}  // namespace inlay::cli
