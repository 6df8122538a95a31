// json.dumps as the tojson filter of chat templates calls it.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_dict.h"
#include "cpp/text/jinja_print.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Budget& budget)
      : style_(style), budget_(budget), out_(budget) {}

  Status Write(const Value& value, int level);
  StatusOr<Value> Finish() { return out_.Finish(); }

 private:
  Status WriteList(const std::vector<Value>& items, int level);
  Status WriteDict(const DictObject& dict, int level);
  Status WriteKey(const Value& key);
  void WriteString(std::string_view text);
  void WriteEscape(char32_t code_point, std::string* piece);
  void NewLine(int level);

  const JsonStyle& style_;
  Budget& budget_;
  StringBuilder out_;
};

std::string JsonFloat(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return FloatRepr(value);
}

void JsonWriter::NewLine(int level) {
  if (!style_.indent) return;
  out_.Append("\n");
  for (int i = 0; i < level; ++i) out_.Append(*style_.indent);
}

void JsonWriter::WriteEscape(char32_t c, std::string* piece) {
  const auto unit = [piece](char32_t value) {
    absl::StrAppend(piece, "\\u",
                    absl::Hex(static_cast<uint32_t>(value), absl::kZeroPad4));
  };
  if (c >= 0x10000) {  // a surrogate pair
    c -= 0x10000;
    unit(0xD800 + (c >> 10));
    unit(0xDC00 + (c & 0x3FF));
  } else {
    unit(c);
  }
}

void JsonWriter::WriteString(std::string_view text) {
  std::string piece = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointSize(text, at);
    const char32_t c = DecodeAt(text, at);
    switch (c) {
      case '"':
        piece += "\\\"";
        break;
      case '\\':
        piece += "\\\\";
        break;
      case '\n':
        piece += "\\n";
        break;
      case '\r':
        piece += "\\r";
        break;
      case '\t':
        piece += "\\t";
        break;
      case '\f':
        piece += "\\f";
        break;
      case '\b':
        piece += "\\b";
        break;
      default:
        if (c < 0x20 || (style_.ensure_ascii && c >= 0x7F)) {
          WriteEscape(c, &piece);
        } else {
          piece.append(text.substr(at, size));
        }
    }
    at += size;
  }
  piece += '"';
  out_.Append(piece);
}

Status JsonWriter::WriteKey(const Value& key) {
  switch (key.kind()) {
    case Kind::kString:
      WriteString(key.text());
      break;
    case Kind::kBool:
      out_.Append(key.boolean() ? "\"true\"" : "\"false\"");
      break;
    case Kind::kNone:
      out_.Append("\"null\"");
      break;
    case Kind::kInt:
      out_.Append(absl::StrCat("\"", key.integer(), "\""));
      break;
    case Kind::kFloat:
      out_.Append(absl::StrCat("\"", JsonFloat(key.real()), "\""));
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("JSON keys cannot be of type ", TypeName(key)));
  }
  out_.Append(style_.key_separator);
  return OkStatus();
}

Status JsonWriter::WriteList(const std::vector<Value>& items, int level) {
  out_.Append("[");
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out_.Append(style_.item_separator);
    NewLine(level + 1);
    INLAY_RETURN_IF_ERROR(Write(items[i], level + 1));
  }
  if (!items.empty()) NewLine(level);
  out_.Append("]");
  return OkStatus();
}

Status JsonWriter::WriteDict(const DictObject& dict, int level) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : dict.entries) entries.push_back(&entry);
  Status status;
  if (style_.sort_keys) {
    std::stable_sort(entries.begin(), entries.end(),
                     [&](const Entry* a, const Entry* b) {
                       auto order = Compare(a->first, b->first, budget_);
                       if (!order.ok()) status.Update(order.status());
                       return order.ok() && *order < 0;
                     });
    INLAY_RETURN_IF_ERROR(status);
  }
  out_.Append("{");
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) out_.Append(style_.item_separator);
    NewLine(level + 1);
    INLAY_RETURN_IF_ERROR(WriteKey(entries[i]->first));
    INLAY_RETURN_IF_ERROR(Write(entries[i]->second, level + 1));
  }
  if (!entries.empty()) NewLine(level);
  out_.Append("}");
  return OkStatus();
}

// Recursion is bounded by kMaxValueDepth.
Status JsonWriter::Write(const Value& value, int level) {
  INLAY_RETURN_IF_ERROR(budget_.Step());
  INLAY_RETURN_IF_ERROR(out_.status());
  switch (value.kind()) {
    case Kind::kNone:
      out_.Append("null");
      break;
    case Kind::kBool:
      out_.Append(value.boolean() ? "true" : "false");
      break;
    case Kind::kInt:
      out_.Append(absl::StrCat(value.integer()));
      break;
    case Kind::kFloat:
      out_.Append(JsonFloat(value.real()));
      break;
    case Kind::kString:
      WriteString(value.text());
      break;
    case Kind::kList:
    case Kind::kTuple:
      return WriteList(value.items(), level);
    case Kind::kDict:
      return WriteDict(value.dict(), level);
    default:
      return absl::InvalidArgumentError(absl::StrCat(
          "an object of type ", TypeName(value), " is not JSON serializable"));
  }
  return OkStatus();
}

}  // namespace

StatusOr<Value> ToJson(const Value& value, const JsonStyle& style,
                       Budget& budget) {
  JsonWriter writer(style, budget);
  INLAY_RETURN_IF_ERROR(writer.Write(value, 0));
  return writer.Finish();
}

}  // namespace inlay::text::jinja
