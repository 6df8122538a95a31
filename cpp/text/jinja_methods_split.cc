// Methods of strings that split, join, replace and pad.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_methods.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

using Pieces = std::vector<std::string_view>;

StatusOr<Value> ToList(const Pieces& pieces, Kind kind, Budget& budget) {
  INLAY_RETURN_IF_ERROR(budget.Check(pieces.size() * 160));
  INLAY_RETURN_IF_ERROR(budget.Step(pieces.size()));
  std::vector<Value> items;
  items.reserve(pieces.size());
  for (std::string_view piece : pieces) {
    INLAY_ASSIGN_OR_RETURN(Value item, budget.String(std::string(piece)));
    items.push_back(std::move(item));
  }
  return budget.Sequence(kind, std::move(items));
}

size_t WordEnd(std::string_view text, size_t at) {
  while (at < text.size() && !IsSpace(DecodeAt(text, at))) {
    at += CodePointSize(text, at);
  }
  return at;
}

// At white space; max < 0: everywhere.
Pieces SplitWords(std::string_view text, int64_t max) {
  Pieces pieces;
  text = StripLeft(text);
  while (!text.empty()) {
    if (max >= 0 && static_cast<int64_t>(pieces.size()) >= max) {
      pieces.push_back(text);
      break;
    }
    const size_t end = WordEnd(text, 0);
    pieces.push_back(text.substr(0, end));
    text = StripLeft(text.substr(end));
  }
  return pieces;
}

Pieces SplitWordsRight(std::string_view text, int64_t max) {
  Pieces pieces;
  text = StripRight(text);
  while (!text.empty()) {
    if (static_cast<int64_t>(pieces.size()) >= max) {
      pieces.push_back(text);
      break;
    }
    size_t start = text.size();
    while (start > 0) {
      size_t before = start - 1;
      while (before > 0 &&
             (static_cast<uint8_t>(text[before]) & 0xC0) == 0x80) {
        --before;
      }
      if (IsSpace(DecodeAt(text, before))) break;
      start = before;
    }
    pieces.push_back(text.substr(start));
    text = StripRight(text.substr(0, start));
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

Pieces SplitAt(std::string_view text, std::string_view at, int64_t max) {
  Pieces pieces;
  while (max < 0 || static_cast<int64_t>(pieces.size()) < max) {
    const size_t found = text.find(at);
    if (found == std::string_view::npos) break;
    pieces.push_back(text.substr(0, found));
    text.remove_prefix(found + at.size());
  }
  pieces.push_back(text);
  return pieces;
}

Pieces SplitAtRight(std::string_view text, std::string_view at, int64_t max) {
  Pieces pieces;
  while (static_cast<int64_t>(pieces.size()) < max) {
    const size_t found = text.rfind(at);
    if (found == std::string_view::npos) break;
    pieces.push_back(text.substr(found + at.size()));
    text = text.substr(0, found);
  }
  pieces.push_back(text);
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

template <bool kRight>
StatusOr<Value> Split(Runtime& runtime, const Value& self,
                      const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "split", {"sep", "maxsplit"}));
  INLAY_ASSIGN_OR_RETURN(std::string_view separator, bound.Text(0, {}));
  INLAY_ASSIGN_OR_RETURN(int64_t max, bound.Int(1, -1));
  const bool words = bound[0] == nullptr || bound[0]->is(Kind::kNone);
  if (!words && separator.empty()) return TypeError("empty separator");
  const std::string_view text = self.text();
  INLAY_RETURN_IF_ERROR(
      runtime.budget().Step(text.size() / 4 * (1 + separator.size() / 64)));
  const bool right = kRight && max >= 0;
  Pieces pieces;
  if (words) {
    pieces = right ? SplitWordsRight(text, max) : SplitWords(text, max);
  } else {
    pieces = right ? SplitAtRight(text, separator, max)
                   : SplitAt(text, separator, max);
  }
  return ToList(pieces, Kind::kList, runtime.budget());
}

StatusOr<Value> Lines(Runtime& runtime, const Value& self,
                      const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "splitlines", {"keepends"}));
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(self.text().size() / 16));
  return ToList(SplitLines(self.text(), bound.Bool(0, false)), Kind::kList,
                runtime.budget());
}

template <bool kRight>
StatusOr<Value> Partition(Runtime& runtime, const Value& self,
                          const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "partition", {".sep"}, 1));
  INLAY_ASSIGN_OR_RETURN(std::string_view at, bound.Text(0, {}));
  if (at.empty()) return TypeError("partition() needs a separator");
  const std::string_view text = self.text();
  const size_t found = kRight ? text.rfind(at) : text.find(at);
  Pieces pieces;
  if (found == std::string_view::npos) {
    pieces = kRight ? Pieces{"", "", text} : Pieces{text, "", ""};
  } else {
    pieces = {text.substr(0, found), at, text.substr(found + at.size())};
  }
  return ToList(pieces, Kind::kTuple, runtime.budget());
}

StatusOr<Value> ReplaceMethod(Runtime& runtime, const Value& self,
                              const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound, Bound::Bind(args, "replace", {".old", ".new", ".count"}, 2));
  if (!bound[0]->is(Kind::kString) || !bound[1]->is(Kind::kString)) {
    return TypeError("replace() needs strings");
  }
  INLAY_ASSIGN_OR_RETURN(int64_t count, bound.Int(2, -1));
  return Replace(self.text(), bound[0]->text(), bound[1]->text(), count,
                 runtime.budget());
}

StatusOr<Value> JoinItems(Runtime& runtime, const Value& self,
                          const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "join", {".iterable"}, 1));
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(*bound[0], runtime.budget()));
  StringBuilder out(runtime.budget());
  bool first = true;
  for (const Value& item : items.items()) {
    if (!item.is(Kind::kString)) return TypeError("join() needs strings");
    INLAY_RETURN_IF_ERROR(runtime.budget().Step());
    if (!first) out.Append(self.text());
    out.Append(item.text());
    first = false;
  }
  return out.Finish();
}

enum class Pad { kLeft, kRight, kZero };

template <Pad kPad>
StatusOr<Value> Padded(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "just", {".width", ".fill"}, 1));
  INLAY_ASSIGN_OR_RETURN(int64_t width, bound.Int(0, 0));
  INLAY_ASSIGN_OR_RETURN(std::string_view fill,
                         bound.Text(1, kPad == Pad::kZero ? "0" : " "));
  if (CountCodePoints(fill) != 1) return TypeError("the fill is one character");
  const int64_t missing = width - self.string().length;
  if (width <= 0 || missing <= 0) return self;
  INLAY_RETURN_IF_ERROR(
      runtime.budget().Check(static_cast<uint64_t>(missing) * fill.size()));
  std::string padding;
  for (int64_t i = 0; i < missing; ++i) padding += fill;
  std::string_view text = self.text();
  if (kPad == Pad::kLeft) {
    return runtime.budget().String(absl::StrCat(padding, text));
  }
  if (kPad == Pad::kRight) {
    return runtime.budget().String(absl::StrCat(text, padding));
  }
  std::string sign;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    sign = text.substr(0, 1);
    text.remove_prefix(1);
  }
  return runtime.budget().String(absl::StrCat(sign, padding, text));
}

constexpr NamedNative kSplitMethods[] = {
    {"split", Split<false>},
    {"rsplit", Split<true>},
    {"splitlines", Lines},
    {"partition", Partition<false>},
    {"rpartition", Partition<true>},
    {"replace", ReplaceMethod},
    {"join", JoinItems},
    {"ljust", Padded<Pad::kRight>},
    {"rjust", Padded<Pad::kLeft>},
    {"zfill", Padded<Pad::kZero>},
};

bool IsLineEnd(char32_t c) {
  return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 ||
         c == 0x2028 || c == 0x2029;
}

}  // namespace

std::vector<std::string_view> SplitLines(std::string_view text,
                                         bool keep_ends) {
  Pieces lines;
  size_t start = 0;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = DecodeAt(text, at);
    size_t next = at + CodePointSize(text, at);
    if (IsLineEnd(c)) {
      if (c == '\r' && next < text.size() && text[next] == '\n') ++next;
      lines.push_back(text.substr(start, (keep_ends ? next : at) - start));
      start = next;
    }
    at = next;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

StatusOr<Value> Replace(std::string_view text, std::string_view from,
                        std::string_view to, int64_t count, Budget& budget) {
  INLAY_RETURN_IF_ERROR(budget.Step(text.size() / 32 * (1 + from.size() / 64)));
  StringBuilder out(budget);
  size_t start = 0;
  if (from.empty()) {  // between all code points, and at both ends
    while (count != 0 && start <= text.size() && out.status().ok()) {
      out.Append(to);
      --count;
      if (start == text.size()) break;
      const size_t size = CodePointSize(text, start);
      out.Append(text.substr(start, size));
      start += size;
    }
  } else {
    while (count != 0 && out.status().ok()) {
      const size_t found = text.find(from, start);
      if (found == std::string_view::npos) break;
      out.Append(text.substr(start, found - start)).Append(to);
      start = found + from.size();
      --count;
    }
  }
  out.Append(text.substr(start));
  return out.Finish();
}

Native FindSplitMethod(std::string_view name) {
  for (const NamedNative& entry : kSplitMethods) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace inlay::text::jinja
