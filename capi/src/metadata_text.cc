#include "capi/src/metadata_text.h"

#include <charconv>
#include <type_traits>
#include <variant>

namespace inlay::capi {
namespace {

void AppendJsonString(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  out->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (byte < 0x20) {
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

// std::to_chars knows no locale and gives the shortest form that reads back
// as the same number.
template <typename T>
void AppendNumber(T value, std::string* out) {
  char text[64];
  const auto result = std::to_chars(text, text + sizeof(text), value);
  out->append(text, result.ptr);
}

void AppendScalar(bool value, std::string* out) {
  out->append(value ? "true" : "false");
}
void AppendScalar(int64_t value, std::string* out) { AppendNumber(value, out); }
void AppendScalar(uint64_t value, std::string* out) {
  AppendNumber(value, out);
}
void AppendScalar(double value, std::string* out) { AppendNumber(value, out); }
void AppendScalar(const std::string& value, std::string* out) {
  AppendJsonString(value, out);
}

}  // namespace

std::string MetadataToText(const formats::MetadataValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  std::string out;
  std::visit(
      [&out](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_arithmetic_v<T> ||
                      std::is_same_v<T, std::string>) {
          AppendScalar(v, &out);
        } else {
          out.push_back('[');
          for (size_t i = 0; i < v.size(); ++i) {
            if (i != 0) out.append(", ");
            const typename T::value_type item = v[i];
            AppendScalar(item, &out);
          }
          out.push_back(']');
        }
      },
      value);
  return out;
}

}  // namespace inlay::capi
