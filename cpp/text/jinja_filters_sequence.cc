// Filters that read a sequence as it is.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_filters.h"
#include "cpp/text/jinja_ops.h"
#include "cpp/text/jinja_print.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

StatusOr<Value> Length(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "length", {}).status());
  if (self.is(Kind::kString)) return Value::Int(self.string().length);
  if (self.is(Kind::kUndefined)) return Value::Int(0);
  if (self.is(Kind::kDict)) {
    return Value::Int(static_cast<int64_t>(self.dict().entries.size()));
  }
  if (self.is_sequence() && !self.is(Kind::kGenerator)) {
    return Value::Int(static_cast<int64_t>(self.items().size()));
  }
  return TypeError(
      absl::StrCat("object of type '", TypeName(self), "' has no length"));
}

template <bool kLast>
StatusOr<Value> End(Runtime& runtime, const Value& self, const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(
      Bound::Bind(args, kLast ? "last" : "first", {}).status());
  if (kLast && self.is(Kind::kGenerator)) {
    return TypeError("a generator cannot be reversed");
  }
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, runtime.budget()));
  if (items.items().empty()) {
    return runtime.budget().Undefined("an item of an empty sequence");
  }
  return kLast ? items.items().back() : items.items().front();
}

StatusOr<Value> List(Runtime& runtime, const Value& self,
                     const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "list", {}).status());
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, runtime.budget()));
  if (items.is(Kind::kList)) return items;
  return runtime.budget().List(items.items());
}

StatusOr<Value> Reverse(Runtime& runtime, const Value& self,
                        const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "reverse", {}).status());
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, runtime.budget()));
  std::vector<Value> reversed(items.items().rbegin(), items.items().rend());
  if (!self.is(Kind::kString)) {
    return runtime.budget().Sequence(Kind::kGenerator, std::move(reversed));
  }
  StringBuilder out(runtime.budget());
  for (const Value& item : reversed) out.Append(item.text());
  return out.Finish();
}

StatusOr<Value> Items(Runtime& runtime, const Value& self,
                      const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "items", {}).status());
  std::vector<Value> pairs;
  if (!self.is(Kind::kUndefined)) {
    if (!self.is(Kind::kDict)) return TypeError("items needs a mapping");
    for (const auto& [key, value] : self.dict().entries) {
      INLAY_ASSIGN_OR_RETURN(
          Value pair, runtime.budget().Sequence(Kind::kTuple, {key, value}));
      pairs.push_back(std::move(pair));
    }
  }
  return runtime.budget().Sequence(Kind::kGenerator, std::move(pairs));
}

StatusOr<Value> Sum(Runtime& runtime, const Value& self, const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "sum", {"attribute", "start"}));
  Budget& budget = runtime.budget();
  Value total = bound[1] != nullptr ? *bound[1] : Value::Int(0);
  if (total.is(Kind::kString)) return TypeError("sum() cannot add strings");
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, budget));
  for (const Value& element : items.items()) {
    Value item = element;
    if (bound[0] != nullptr && !bound[0]->is(Kind::kNone)) {
      INLAY_ASSIGN_OR_RETURN(item, GetPath(item, *bound[0], budget));
    }
    INLAY_ASSIGN_OR_RETURN(total, Arithmetic(Op::kAdd, total, item, budget));
  }
  return total;
}

// Runs of letters, digits and underscores.
StatusOr<Value> WordCount(Runtime& runtime, const Value& self,
                          const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "wordcount", {}).status());
  INLAY_ASSIGN_OR_RETURN(Value value, ToStr(self, runtime.budget()));
  const std::string_view text = value.text();
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(text.size() / 16));
  int64_t count = 0;
  bool inside = false;
  for (size_t at = 0; at < text.size(); at += CodePointSize(text, at)) {
    const char32_t c = DecodeAt(text, at);
    const bool word = c == '_' || IsAlpha(c) || IsDigit(c);
    count += word && !inside ? 1 : 0;
    inside = word;
  }
  return Value::Int(count);
}

StatusOr<Value> Attr(Runtime& runtime, const Value& self,
                     const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound, Bound::Bind(args, "attr", {"name"}, 1));
  INLAY_ASSIGN_OR_RETURN(std::string_view name, bound.Text(0, {}));
  if (self.is(Kind::kDict) && self.dict().Find(name) != nullptr) {
    return runtime.budget().Undefined(name);  // a key is no attribute
  }
  return GetAttribute(self, name, runtime.budget());
}

constexpr NamedNative kSequenceFilters[] = {
    {"length", Length},  {"count", Length}, {"first", End<false>},
    {"last", End<true>}, {"list", List},    {"reverse", Reverse},
    {"items", Items},    {"sum", Sum},      {"wordcount", WordCount},
    {"attr", Attr},
};

}  // namespace

Native FindSequenceFilter(std::string_view name) {
  return FindIn(kSequenceFilters, name);
}

}  // namespace inlay::text::jinja
