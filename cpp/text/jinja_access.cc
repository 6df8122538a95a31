// value.name and value[key].

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_dict.h"
#include "cpp/text/jinja_library.h"
#include "cpp/text/jinja_methods.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

// Python's methods that templates could call there but not here.
constexpr std::string_view kOtherStrMethods[] = {
    "casefold",    "center",  "encode",    "expandtabs",   "format",
    "format_map",  "isascii", "isdecimal", "isidentifier", "isnumeric",
    "isprintable", "istitle", "maketrans", "translate"};
constexpr std::string_view kOtherDictMethods[] = {"fromkeys"};

bool Listed(const std::string_view* begin, const std::string_view* end,
            std::string_view name) {
  return std::find(begin, end, name) != end;
}

bool KnownButMissing(const Value& value, std::string_view name) {
  if (value.is(Kind::kString)) {
    return Listed(std::begin(kOtherStrMethods), std::end(kOtherStrMethods),
                  name);
  }
  return value.is(Kind::kDict) && Listed(std::begin(kOtherDictMethods),
                                         std::end(kOtherDictMethods), name);
}

StatusOr<Value> CharacterAt(const Value& value, int64_t index, Budget& budget) {
  const StringObject& string = value.string();
  if (!string.ascii()) {
    INLAY_RETURN_IF_ERROR(budget.Step(static_cast<uint64_t>(index) / 16));
  }
  const size_t at = OffsetOf(string.text, string.ascii(), index);
  return budget.String(string.text.substr(at, CodePointSize(string.text, at)));
}

}  // namespace

StatusOr<Value> GetAttribute(const Value& value, std::string_view name,
                             Budget& budget) {
  if (value.is(Kind::kNamespace)) {
    const Value* found =
        static_cast<const NamespaceObject*>(value.object())->Find(name);
    if (found != nullptr) return *found;
  }
  if (Native method = FindMethod(value, name); method != nullptr) {
    return MakeFunction(method, value, budget);
  }
  if (KnownButMissing(value, name)) {
    return absl::UnimplementedError(
        absl::StrCat("the method '", name, "' of ", TypeName(value)));
  }
  if (value.is(Kind::kDict)) {
    const Value* found = value.dict().Find(name);
    if (found != nullptr) return *found;
  }
  return budget.Undefined(absl::StrCat(
      "'", TypeName(value), " object' has no attribute '", name, "'"));
}

StatusOr<Value> GetItem(const Value& value, const Value& key, Budget& budget) {
  if (value.is(Kind::kDict)) {
    if (HashKey(key, budget).ok()) {
      INLAY_ASSIGN_OR_RETURN(const Value* found,
                             Lookup(value.dict(), key, budget));
      if (found != nullptr) return *found;
    }
  } else if (key.is_integer()) {
    const bool text = value.is(Kind::kString);
    const bool indexable = value.is(Kind::kList) || value.is(Kind::kTuple) ||
                           value.is(Kind::kRange);
    const int64_t size = text ? value.string().length
                         : indexable
                             ? static_cast<int64_t>(value.items().size())
                             : 0;
    int64_t index = key.integer();
    if (index < 0 && index >= -size) index += size;
    if (index >= 0 && index < size) {
      if (text) return CharacterAt(value, index, budget);
      return value.items()[static_cast<size_t>(index)];
    }
  }
  if (key.is(Kind::kString)) return GetAttribute(value, key.text(), budget);
  return budget.Undefined(
      absl::StrCat("that element of a '", TypeName(value), "'"));
}

}  // namespace inlay::text::jinja
