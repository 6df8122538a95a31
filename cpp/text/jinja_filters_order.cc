// Filters that compare: sort, dictsort, unique, min, max.

#include <algorithm>

#include "absl/strings/str_split.h"
#include "cpp/base/hash_map.h"
#include "cpp/text/jinja_dict.h"
#include "cpp/text/jinja_filters.h"
#include "cpp/text/jinja_text.h"

namespace inlay::text::jinja {
namespace {

// A value beside what it is ordered by.
struct Keyed {
  std::vector<Value> keys;
  Value value;
};

StatusOr<Value> Folded(const Value& value, bool case_sensitive,
                       Budget& budget) {
  if (case_sensitive || !value.is(Kind::kString)) return value;
  return budget.String(Lower(value.text()));
}

// The key of `value`: itself, or its attributes ("a,b": both).
StatusOr<Keyed> MakeKey(const Value& value, const Value* attribute,
                        bool case_sensitive, Budget& budget) {
  Keyed keyed{{}, value};
  INLAY_RETURN_IF_ERROR(budget.Step());
  if (attribute == nullptr || attribute->is(Kind::kNone)) {
    INLAY_ASSIGN_OR_RETURN(Value key, Folded(value, case_sensitive, budget));
    keyed.keys.push_back(std::move(key));
    return keyed;
  }
  std::vector<Value> paths = {*attribute};
  if (attribute->is(Kind::kString)) {
    paths.clear();
    for (std::string_view part : absl::StrSplit(attribute->text(), ',')) {
      INLAY_ASSIGN_OR_RETURN(Value path, budget.String(std::string(part)));
      paths.push_back(std::move(path));
    }
  }
  for (const Value& path : paths) {
    INLAY_ASSIGN_OR_RETURN(Value key, GetPath(value, path, budget));
    INLAY_ASSIGN_OR_RETURN(key, Folded(key, case_sensitive, budget));
    keyed.keys.push_back(std::move(key));
  }
  return keyed;
}

StatusOr<std::vector<Keyed>> MakeKeys(const std::vector<Value>& items,
                                      const Value* attribute,
                                      bool case_sensitive, Budget& budget) {
  std::vector<Keyed> keyed;
  for (const Value& item : items) {
    INLAY_ASSIGN_OR_RETURN(Keyed one,
                           MakeKey(item, attribute, case_sensitive, budget));
    keyed.push_back(std::move(one));
  }
  return keyed;
}

StatusOr<bool> Less(const Keyed& a, const Keyed& b, Budget& budget) {
  for (size_t i = 0; i < a.keys.size() && i < b.keys.size(); ++i) {
    INLAY_ASSIGN_OR_RETURN(bool equal, Equal(a.keys[i], b.keys[i], budget));
    if (equal) continue;
    INLAY_ASSIGN_OR_RETURN(int order, Compare(a.keys[i], b.keys[i], budget));
    return order < 0;
  }
  return false;
}

Status SortKeyed(std::vector<Keyed>* keyed, bool reverse, Budget& budget) {
  Status status;
  auto less = [&](const Keyed& a, const Keyed& b) {
    if (!status.ok()) return false;
    StatusOr<bool> result = reverse ? Less(b, a, budget) : Less(a, b, budget);
    if (!result.ok()) status = result.status();
    return result.ok() && *result;
  };
  std::stable_sort(keyed->begin(), keyed->end(), less);
  return status;
}

std::vector<Value> Values(std::vector<Keyed> keyed) {
  std::vector<Value> values;
  for (Keyed& one : keyed) values.push_back(std::move(one.value));
  return values;
}

StatusOr<Value> Sort(Runtime& runtime, const Value& self,
                     const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound,
      Bound::Bind(args, "sort", {"reverse", "case_sensitive", "attribute"}));
  Budget& budget = runtime.budget();
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, budget));
  INLAY_ASSIGN_OR_RETURN(
      std::vector<Keyed> keyed,
      MakeKeys(items.items(), bound[2], bound.Bool(1, false), budget));
  INLAY_RETURN_IF_ERROR(SortKeyed(&keyed, bound.Bool(0, false), budget));
  return budget.List(Values(std::move(keyed)));
}

StatusOr<Value> DictSort(Runtime& runtime, const Value& self,
                         const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound,
      Bound::Bind(args, "dictsort", {"case_sensitive", "by", "reverse"}));
  Budget& budget = runtime.budget();
  INLAY_ASSIGN_OR_RETURN(std::string_view by, bound.Text(1, "key"));
  if (by != "key" && by != "value") {
    return TypeError("dictsort(): by is 'key' or 'value'");
  }
  if (!self.is(Kind::kDict)) return TypeError("dictsort needs a mapping");
  std::vector<Keyed> keyed;
  for (const auto& [key, value] : self.dict().entries) {
    INLAY_ASSIGN_OR_RETURN(Value pair,
                           budget.Sequence(Kind::kTuple, {key, value}));
    INLAY_ASSIGN_OR_RETURN(Value order, Folded(by == "key" ? key : value,
                                               bound.Bool(0, false), budget));
    keyed.push_back({{std::move(order)}, std::move(pair)});
  }
  INLAY_RETURN_IF_ERROR(SortKeyed(&keyed, bound.Bool(2, false), budget));
  return budget.List(Values(std::move(keyed)));
}

StatusOr<Value> Unique(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound,
      Bound::Bind(args, "unique", {"case_sensitive", "attribute"}));
  Budget& budget = runtime.budget();
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, budget));
  HashSet<std::string> seen;
  std::vector<Value> kept;
  for (const Value& item : items.items()) {
    Value key = item;
    if (bound[1] != nullptr && !bound[1]->is(Kind::kNone)) {
      INLAY_ASSIGN_OR_RETURN(key, GetPath(item, *bound[1], budget));
    }
    INLAY_ASSIGN_OR_RETURN(key, Folded(key, bound.Bool(0, false), budget));
    INLAY_ASSIGN_OR_RETURN(std::string hash, HashKey(key, budget));
    INLAY_RETURN_IF_ERROR(budget.Step(hash.size() / 64));
    if (seen.insert(std::move(hash)).second) kept.push_back(item);
  }
  return budget.Sequence(Kind::kGenerator, std::move(kept));
}

template <bool kMax>
StatusOr<Value> Extreme(Runtime& runtime, const Value& self,
                        const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(
      Bound bound,
      Bound::Bind(args, kMax ? "max" : "min", {"case_sensitive", "attribute"}));
  Budget& budget = runtime.budget();
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, budget));
  INLAY_ASSIGN_OR_RETURN(
      std::vector<Keyed> keyed,
      MakeKeys(items.items(), bound[1], bound.Bool(0, false), budget));
  if (keyed.empty()) return budget.Undefined("an item of an empty sequence");
  size_t best = 0;
  for (size_t i = 1; i < keyed.size(); ++i) {
    INLAY_ASSIGN_OR_RETURN(bool better,
                           kMax ? Less(keyed[best], keyed[i], budget)
                                : Less(keyed[i], keyed[best], budget));
    if (better) best = i;
  }
  return keyed[best].value;
}

constexpr NamedNative kOrderFilters[] = {
    {"sort", Sort},          {"dictsort", DictSort}, {"unique", Unique},
    {"min", Extreme<false>}, {"max", Extreme<true>},
};

}  // namespace

Native FindOrderFilter(std::string_view name) {
  return FindIn(kOrderFilters, name);
}

}  // namespace inlay::text::jinja
