// The methods of dicts and sequences; the table of all.

#include "cpp/text/jinja_methods.h"

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_dict.h"

namespace inlay::text::jinja {
namespace {

StatusOr<Value> DictGet(Runtime& runtime, const Value& self,
                        const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "get", {".key", ".default"}, 1));
  INLAY_ASSIGN_OR_RETURN(const Value* found,
                         Lookup(self.dict(), *bound[0], runtime.budget()));
  if (found != nullptr) return *found;
  return bound[1] != nullptr ? *bound[1] : Value::None();
}

StatusOr<Value> DictItems(Runtime& runtime, const Value& self,
                          const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "items", {}).status());
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict().entries) {
    INLAY_ASSIGN_OR_RETURN(
        Value pair, runtime.budget().Sequence(Kind::kTuple, {key, value}));
    items.push_back(std::move(pair));
  }
  return runtime.budget().Sequence(Kind::kView, std::move(items));
}

template <bool kKeys>
StatusOr<Value> DictPart(Runtime& runtime, const Value& self,
                         const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(
      Bound::Bind(args, kKeys ? "keys" : "values", {}).status());
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict().entries) {
    items.push_back(kKeys ? key : value);
  }
  return runtime.budget().Sequence(Kind::kView, std::move(items));
}

StatusOr<Value> Copy(Runtime&, const Value& self, const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(Bound::Bind(args, "copy", {}).status());
  return self;  // values cannot change
}

StatusOr<Value> SequenceCount(Runtime& runtime, const Value& self,
                              const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "count", {".value"}, 1));
  int64_t count = 0;
  for (const Value& item : self.items()) {
    INLAY_ASSIGN_OR_RETURN(bool equal,
                           Equal(item, *bound[0], runtime.budget()));
    count += equal ? 1 : 0;
  }
  return Value::Int(count);
}

StatusOr<Value> SequenceIndex(Runtime& runtime, const Value& self,
                              const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "index", {".value"}, 1));
  for (size_t i = 0; i < self.items().size(); ++i) {
    INLAY_ASSIGN_OR_RETURN(bool equal,
                           Equal(self.items()[i], *bound[0], runtime.budget()));
    if (equal) return Value::Int(static_cast<int64_t>(i));
  }
  return TypeError("index(): the value is not there");
}

constexpr NamedNative kDictMethods[] = {
    {"get", DictGet},         {"items", DictItems},
    {"keys", DictPart<true>}, {"values", DictPart<false>},
    {"copy", Copy},
};

constexpr NamedNative kSequenceMethods[] = {
    {"count", SequenceCount},
    {"index", SequenceIndex},
    {"copy", Copy},
};

template <size_t N>
Native Find(const NamedNative (&table)[N], std::string_view name) {
  for (const NamedNative& entry : table) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace

Native FindMethod(const Value& value, std::string_view name) {
  switch (value.kind()) {
    case Kind::kDict:
      return Find(kDictMethods, name);
    case Kind::kList:
      return Find(kSequenceMethods, name);
    case Kind::kTuple:
    case Kind::kRange:
      return name == "copy" ? nullptr : Find(kSequenceMethods, name);
    case Kind::kString: {
      const Native method = FindStringMethod(name);
      return method != nullptr ? method : FindSplitMethod(name);
    }
    default:
      return nullptr;
  }
}

}  // namespace inlay::text::jinja
