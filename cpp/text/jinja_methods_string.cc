// Methods of strings that search, test, trim and change case.

#include <algorithm>

#include "absl/strings/match.h"
#include "cpp/text/jinja_methods.h"
#include "cpp/text/jinja_print.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

template <std::string (*kChange)(std::string_view)>
StatusOr<Value> ChangeText(Runtime& runtime, const Value& self,
                           const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "case method", {}).status());
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(self.text().size() / 16));
  return runtime.budget().String(kChange(self.text()));
}

template <bool kLeft, bool kRight>
StatusOr<Value> Strip(Runtime& runtime, const Value& self,
                      const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound, Bound::Bind(args, "strip", {".chars"}));
  INLAY_ASSIGN_OR_RETURN(std::string_view chars, bound.Text(0, {}));
  std::string_view text = self.text();
  const bool nothing = bound[0] != nullptr && !bound[0]->is(Kind::kNone) &&
                       chars.empty();  // strip(''): no characters
  INLAY_RETURN_IF_ERROR(
      runtime.budget().Step(text.size() / 64 * (1 + chars.size() / 16)));
  if (kLeft && !nothing) text = StripLeft(text, chars);
  if (kRight && !nothing) text = StripRight(text, chars);
  if (text.size() == self.text().size()) return self;
  return runtime.budget().String(std::string(text));
}

// A piece of text from code point `start` to `end`, clipped as slices are.
StatusOr<std::string_view> Window(const Value& self, const Bound& bound,
                                  size_t* offset, Budget& budget) {
  const StringObject& string = self.string();
  int64_t range[2] = {0, string.length};
  for (size_t i = 0; i < 2; ++i) {
    if (bound[i + 1] == nullptr || bound[i + 1]->is(Kind::kNone)) continue;
    INLAY_ASSIGN_OR_RETURN(range[i], bound.Int(i + 1, 0));
    if (range[i] < 0)
      range[i] = std::max<int64_t>(range[i], -string.length) + string.length;
  }
  INLAY_RETURN_IF_ERROR(budget.Step(string.text.size() / 64));
  range[0] = std::min(range[0], string.length + 1);
  if (range[1] < range[0] || range[0] > string.length) {
    *offset = std::string_view::npos;
    return std::string_view();
  }
  *offset = OffsetOf(string.text, string.ascii(), range[0]);
  const size_t end =
      OffsetOf(string.text, string.ascii(), std::min(range[1], string.length));
  return std::string_view(string.text).substr(*offset, end - *offset);
}

template <bool kStarts>
StatusOr<Value> StartsOrEnds(Runtime& runtime, const Value& self,
                             const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, kStarts ? "startswith" : "endswith",
                                     {".prefix", ".start", ".end"}, 1));
  size_t offset = 0;
  INLAY_ASSIGN_OR_RETURN(std::string_view text,
                         Window(self, bound, &offset, runtime.budget()));
  const Value& wanted = *bound[0];
  std::vector<Value> candidates = {wanted};
  if (wanted.is(Kind::kTuple)) candidates = wanted.items();
  for (const Value& candidate : candidates) {
    if (!candidate.is(Kind::kString)) {
      return TypeError("startswith() and endswith() need strings");
    }
    INLAY_RETURN_IF_ERROR(runtime.budget().Step());
    if (offset == std::string_view::npos) continue;
    if (kStarts ? absl::StartsWith(text, candidate.text())
                : absl::EndsWith(text, candidate.text())) {
      return Value::Bool(true);
    }
  }
  return Value::Bool(false);
}

// find, rfind, index, rindex: code points before the match, or -1.
template <bool kLast, bool kRaise>
StatusOr<Value> Find(Runtime& runtime, const Value& self,
                     const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound, Bound::Bind(args, "find", {".text", ".start", ".end"}, 1));
  INLAY_ASSIGN_OR_RETURN(std::string_view wanted, bound.Text(0, {}));
  if (bound[0]->is(Kind::kNone)) return TypeError("find() needs a string");
  size_t offset = 0;
  INLAY_ASSIGN_OR_RETURN(std::string_view text,
                         Window(self, bound, &offset, runtime.budget()));
  INLAY_RETURN_IF_ERROR(
      runtime.budget().Step(text.size() / 64 * (1 + wanted.size() / 64)));
  size_t at = std::string_view::npos;
  if (offset != std::string_view::npos) {
    at = kLast ? text.rfind(wanted) : text.find(wanted);
  }
  if (at == std::string_view::npos) {
    if (kRaise) return TypeError("substring not found");
    return Value::Int(-1);
  }
  return Value::Int(CountCodePoints(self.text().substr(0, offset + at)));
}

StatusOr<Value> Count(Runtime& runtime, const Value& self,
                      const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound, Bound::Bind(args, "count", {".text", ".start", ".end"}, 1));
  INLAY_ASSIGN_OR_RETURN(std::string_view wanted, bound.Text(0, {}));
  if (bound[0]->is(Kind::kNone)) return TypeError("count() needs a string");
  size_t offset = 0;
  INLAY_ASSIGN_OR_RETURN(std::string_view text,
                         Window(self, bound, &offset, runtime.budget()));
  INLAY_RETURN_IF_ERROR(
      runtime.budget().Step(text.size() / 64 * (1 + wanted.size() / 64)));
  if (offset == std::string_view::npos) return Value::Int(0);
  if (wanted.empty()) return Value::Int(CountCodePoints(text) + 1);
  int64_t count = 0;
  for (size_t at = text.find(wanted); at != std::string_view::npos;
       at = text.find(wanted, at + wanted.size())) {
    ++count;
  }
  return Value::Int(count);
}

// All characters are of a class, and there is one.
template <bool (*kClass)(char32_t)>
StatusOr<Value> All(Runtime& runtime, const Value& self, const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "is method", {}).status());
  const std::string_view text = self.text();
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(text.size() / 16));
  for (size_t at = 0; at < text.size(); at += CodePointSize(text, at)) {
    if (!kClass(DecodeAt(text, at))) return Value::Bool(false);
  }
  return Value::Bool(!text.empty());
}

bool IsAlphanumeric(char32_t c) { return IsAlpha(c) || IsDigit(c); }

// isupper, islower: some cased character, none of the other case.
template <bool kUpper>
StatusOr<Value> IsCase(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "is method", {}).status());
  const std::string_view text = self.text();
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(text.size() / 16));
  bool found = false;
  for (size_t at = 0; at < text.size(); at += CodePointSize(text, at)) {
    const char32_t c = DecodeAt(text, at);
    if (kUpper ? IsLower(c) : IsUpper(c)) return Value::Bool(false);
    found |= kUpper ? IsUpper(c) : IsLower(c);
  }
  return Value::Bool(found);
}

template <bool kPrefix>
StatusOr<Value> Remove(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "removeprefix", {".text"}, 1));
  INLAY_ASSIGN_OR_RETURN(std::string_view part, bound.Text(0, {}));
  std::string_view text = self.text();
  if (part.empty()) return self;
  if (kPrefix && absl::StartsWith(text, part)) {
    text.remove_prefix(part.size());
  } else if (!kPrefix && absl::EndsWith(text, part)) {
    text.remove_suffix(part.size());
  }
  return runtime.budget().String(std::string(text));
}

constexpr NamedNative kStringMethods[] = {
    {"upper", ChangeText<Upper>},      {"lower", ChangeText<Lower>},
    {"title", ChangeText<Title>},      {"capitalize", ChangeText<Capitalize>},
    {"strip", Strip<true, true>},      {"lstrip", Strip<true, false>},
    {"rstrip", Strip<false, true>},    {"startswith", StartsOrEnds<true>},
    {"endswith", StartsOrEnds<false>}, {"find", Find<false, false>},
    {"rfind", Find<true, false>},      {"index", Find<false, true>},
    {"rindex", Find<true, true>},      {"count", Count},
    {"isspace", All<IsSpace>},         {"isalpha", All<IsAlpha>},
    {"isdigit", All<IsDigit>},         {"isalnum", All<IsAlphanumeric>},
    {"isupper", IsCase<true>},         {"islower", IsCase<false>},
    {"removeprefix", Remove<true>},    {"removesuffix", Remove<false>},
};

}  // namespace

Native FindStringMethod(std::string_view name) {
  for (const NamedNative& entry : kStringMethods) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace inlay::text::jinja
