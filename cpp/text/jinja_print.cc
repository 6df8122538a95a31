#include "cpp/text/jinja_print.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

Status AppendRepr(const Value& value, StringBuilder& out, Budget& budget);

void AppendStringRepr(std::string_view text, StringBuilder& out) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const bool has_double = text.find('"') != std::string_view::npos;
  const char quote = has_single && !has_double ? '"' : '\'';
  std::string piece(1, quote);
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointSize(text, at);
    const char32_t c = DecodeAt(text, at);
    if (c == '\\' || c == static_cast<unsigned char>(quote)) {
      piece += '\\';
      piece += static_cast<char>(c);
    } else if (c == '\n') {
      piece += "\\n";
    } else if (c == '\r') {
      piece += "\\r";
    } else if (c == '\t') {
      piece += "\\t";
    } else if (IsPrintable(c)) {
      piece.append(text.substr(at, size));
    } else {
      const auto number = static_cast<uint32_t>(c);
      if (c < 0x100) {
        absl::StrAppend(&piece, "\\x", absl::Hex(number, absl::kZeroPad2));
      } else if (c < 0x10000) {
        absl::StrAppend(&piece, "\\u", absl::Hex(number, absl::kZeroPad4));
      } else {
        absl::StrAppend(&piece, "\\U", absl::Hex(number, absl::kZeroPad8));
      }
    }
    at += size;
  }
  piece += quote;
  out.Append(piece);
}

Status AppendItems(const Value& value, StringBuilder& out, Budget& budget) {
  const bool tuple = value.is(Kind::kTuple);
  out.Append(tuple ? "(" : "[");
  const char* separator = "";
  for (const Value& item : value.items()) {
    out.Append(separator);
    INLAY_RETURN_IF_ERROR(AppendRepr(item, out, budget));
    separator = ", ";
  }
  if (tuple && value.items().size() == 1) out.Append(",");
  out.Append(tuple ? ")" : "]");
  return OkStatus();
}

Status AppendEntries(const DictObject& dict, StringBuilder& out,
                     Budget& budget) {
  out.Append("{");
  const char* separator = "";
  for (const auto& [key, value] : dict.entries) {
    out.Append(separator);
    INLAY_RETURN_IF_ERROR(AppendRepr(key, out, budget));
    out.Append(": ");
    INLAY_RETURN_IF_ERROR(AppendRepr(value, out, budget));
    separator = ", ";
  }
  out.Append("}");
  return OkStatus();
}

// Recursion is bounded by kMaxValueDepth.
Status AppendRepr(const Value& value, StringBuilder& out, Budget& budget) {
  INLAY_RETURN_IF_ERROR(budget.Step());
  INLAY_RETURN_IF_ERROR(out.status());
  switch (value.kind()) {
    case Kind::kUndefined:
      out.Append("Undefined");
      break;
    case Kind::kNone:
      out.Append("None");
      break;
    case Kind::kBool:
      out.Append(value.boolean() ? "True" : "False");
      break;
    case Kind::kInt:
      out.Append(absl::StrCat(value.integer()));
      break;
    case Kind::kFloat:
      out.Append(FloatRepr(value.real()));
      break;
    case Kind::kString:
      AppendStringRepr(value.text(), out);
      break;
    case Kind::kList:
    case Kind::kTuple:
      return AppendItems(value, out, budget);
    case Kind::kDict:
      return AppendEntries(value.dict(), out, budget);
    default:
      return absl::UnimplementedError(
          absl::StrCat("printing a ", TypeName(value)));
  }
  return OkStatus();
}

}  // namespace

// Shortest digits that read back; an exponent below 1e-4 and from 1e16.
std::string FloatRepr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                           std::chars_format::scientific)
                 .ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1),
                  text.data() + text.size(), exponent);
  if (exponent < -4 || exponent >= 16) return std::string(text);
  end = std::to_chars(buffer, buffer + sizeof buffer, value,
                      std::chars_format::fixed)
            .ptr;
  std::string fixed(buffer, static_cast<size_t>(end - buffer));
  if (fixed.find('.') == std::string::npos) fixed += ".0";
  return fixed;
}

Status AppendStr(const Value& value, StringBuilder& out, Budget& budget) {
  if (value.is(Kind::kString)) {
    out.Append(value.text());
  } else if (!value.is(Kind::kUndefined)) {
    INLAY_RETURN_IF_ERROR(AppendRepr(value, out, budget));
  }
  return out.status();
}

StatusOr<Value> ToStr(const Value& value, Budget& budget) {
  if (value.is(Kind::kString)) return value;
  StringBuilder out(budget);
  INLAY_RETURN_IF_ERROR(AppendStr(value, out, budget));
  return out.Finish();
}

}  // namespace inlay::text::jinja
