// Filters whose result is text.

#include "absl/strings/str_replace.h"
#include "cpp/text/jinja_filters.h"
#include "cpp/text/jinja_methods.h"
#include "cpp/text/jinja_print.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

template <std::string (*kChange)(std::string_view)>
StatusOr<Value> Change(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "case filter", {}).status());
  INLAY_ASSIGN_OR_RETURN(Value text, ToStr(self, runtime.budget()));
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(text.text().size() / 16));
  return runtime.budget().String(kChange(text.text()));
}

// The filter's own rule: words also start behind - ( [ { <, not behind '.
std::string TitleWords(std::string_view text) {
  std::string out;
  size_t start = 0;
  auto flush = [&](size_t end) {
    if (end == start) return;
    const size_t head = CodePointSize(text, start);
    out += Upper(text.substr(start, head));
    out += Lower(text.substr(start + head, end - start - head));
  };
  for (size_t at = 0; at < text.size();) {
    const size_t size = CodePointSize(text, at);
    const char32_t c = DecodeAt(text, at);
    if (IsSpace(c) || c == '-' || c == '(' || c == '[' || c == '{' ||
        c == '<') {
      flush(at);
      out += text.substr(at, size);
      start = at + size;
    }
    at += size;
  }
  flush(text.size());
  return out;
}

StatusOr<Value> Trim(Runtime& runtime, const Value& self,
                     const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound, Bound::Bind(args, "trim", {"chars"}));
  INLAY_ASSIGN_OR_RETURN(std::string_view chars, bound.Text(0, {}));
  INLAY_ASSIGN_OR_RETURN(Value text, ToStr(self, runtime.budget()));
  INLAY_RETURN_IF_ERROR(
      runtime.budget().Step(text.text().size() / 64 * (1 + chars.size() / 16)));
  if (bound[0] != nullptr && bound[0]->is(Kind::kString) && chars.empty()) {
    return text;
  }
  return runtime.budget().String(
      std::string(StripRight(StripLeft(text.text(), chars), chars)));
}

StatusOr<Value> String(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "string", {}).status());
  return ToStr(self, runtime.budget());
}

StatusOr<Value> Escape(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "escape", {}).status());
  INLAY_ASSIGN_OR_RETURN(Value text, ToStr(self, runtime.budget()));
  INLAY_RETURN_IF_ERROR(runtime.budget().Check(text.text().size() * 5));
  return runtime.budget().String(
      absl::StrReplaceAll(text.text(), {{"&", "&amp;"},
                                        {">", "&gt;"},
                                        {"<", "&lt;"},
                                        {"'", "&#39;"},
                                        {"\"", "&#34;"}}));
}

StatusOr<Value> ReplaceFilter(Runtime& runtime, const Value& self,
                              const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound, Bound::Bind(args, "replace", {"old", "new", "count"}, 2));
  Budget& budget = runtime.budget();
  INLAY_ASSIGN_OR_RETURN(Value text, ToStr(self, budget));
  INLAY_ASSIGN_OR_RETURN(Value from, ToStr(*bound[0], budget));
  INLAY_ASSIGN_OR_RETURN(Value to, ToStr(*bound[1], budget));
  const bool all = bound[2] == nullptr || bound[2]->is(Kind::kNone);
  int64_t count = -1;
  if (!all) {
    INLAY_ASSIGN_OR_RETURN(count, bound.Int(2, -1));
  }
  return Replace(text.text(), from.text(), to.text(), count, budget);
}

StatusOr<Value> Indent(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound, Bound::Bind(args, "indent", {"width", "first", "blank"}));
  Budget& budget = runtime.budget();
  std::string indent;
  if (bound[0] != nullptr && bound[0]->is(Kind::kString)) {
    indent = std::string(bound[0]->text());
  } else {
    INLAY_ASSIGN_OR_RETURN(int64_t width, bound.Int(0, 4));
    if (width > 0) {
      INLAY_RETURN_IF_ERROR(budget.Check(static_cast<uint64_t>(width)));
      indent.assign(static_cast<size_t>(width), ' ');
    }
  }
  const bool blank = bound.Bool(2, false);
  if (!self.is(Kind::kString)) return TypeError("indent needs a string");
  INLAY_RETURN_IF_ERROR(budget.Step(self.text().size() / 4));
  const std::string source = std::string(self.text()) + "\n";
  StringBuilder out(budget);
  bool first = true;
  for (std::string_view line : SplitLines(source, false)) {
    if (!first) out.Append("\n");
    if (first ? bound.Bool(1, false) : blank || !line.empty()) {
      out.Append(indent);
    }
    out.Append(line);
    first = false;
  }
  return out.Finish();
}

StatusOr<Value> Join(Runtime& runtime, const Value& self,
                     const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "join", {"d", "attribute"}));
  Budget& budget = runtime.budget();
  Value separator;
  if (bound[0] != nullptr) {
    INLAY_ASSIGN_OR_RETURN(separator, ToStr(*bound[0], budget));
  } else {
    INLAY_ASSIGN_OR_RETURN(separator, budget.String(""));
  }
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, budget));
  StringBuilder out(budget);
  bool first = true;
  for (const Value& element : items.items()) {
    Value item = element;
    if (bound[1] != nullptr && !bound[1]->is(Kind::kNone)) {
      INLAY_ASSIGN_OR_RETURN(item, GetPath(item, *bound[1], budget));
    }
    INLAY_RETURN_IF_ERROR(budget.Step());
    if (!first) out.Append(separator.text());
    INLAY_RETURN_IF_ERROR(AppendStr(item, out, budget));
    first = false;
  }
  return out.Finish();
}

// tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)
StatusOr<Value> Json(Runtime& runtime, const Value& self,
                     const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound, Bound::Bind(args, "tojson",
                                                  {"ensure_ascii", "indent",
                                                   "separators", "sort_keys"}));
  JsonStyle style;
  style.ensure_ascii = bound.Bool(0, false);
  style.sort_keys = bound.Bool(3, false);
  if (bound[1] != nullptr && !bound[1]->is(Kind::kNone)) {
    style.item_separator = ",";
    if (bound[1]->is(Kind::kString)) {
      style.indent = std::string(bound[1]->text());
    } else {
      INLAY_ASSIGN_OR_RETURN(int64_t width, bound.Int(1, 0));
      if (width > 1000) return TypeError("tojson(): the indent is too wide");
      style.indent =
          std::string(width > 0 ? static_cast<size_t>(width) : 0, ' ');
    }
  }
  if (bound[2] != nullptr && !bound[2]->is(Kind::kNone)) {
    const Value& pair = *bound[2];
    if (!pair.is_sequence() || pair.items().size() != 2 ||
        !pair.items()[0].is(Kind::kString) ||
        !pair.items()[1].is(Kind::kString)) {
      return TypeError("tojson(): separators are two strings");
    }
    style.item_separator = std::string(pair.items()[0].text());
    style.key_separator = std::string(pair.items()[1].text());
  }
  return ToJson(self, style, runtime.budget());
}

constexpr NamedNative kTextFilters[] = {
    {"upper", Change<Upper>},
    {"lower", Change<Lower>},
    {"capitalize", Change<Capitalize>},
    {"title", Change<TitleWords>},
    {"trim", Trim},
    {"string", String},
    {"safe", String},
    {"escape", Escape},
    {"e", Escape},
    {"replace", ReplaceFilter},
    {"indent", Indent},
    {"join", Join},
    {"tojson", Json},
};

}  // namespace

Native FindTextFilter(std::string_view name) {
  return FindIn(kTextFilters, name);
}

}  // namespace inlay::text::jinja
