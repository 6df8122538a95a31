// map, select, reject, selectattr, rejectattr.

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_filters.h"

namespace inlay::text::jinja {
namespace {

// The arguments behind the first `skip` positional ones.
CallArgs Rest(const CallArgs& args, size_t skip) {
  CallArgs rest;
  rest.positional.assign(
      args.positional.begin() +
          static_cast<std::ptrdiff_t>(std::min(skip, args.positional.size())),
      args.positional.end());
  rest.named = args.named;
  return rest;
}

// map(attribute=..., default=...)
StatusOr<Value> MapAttribute(Runtime& runtime, const Value& items,
                             const CallArgs& args) {
  Budget& budget = runtime.budget();
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "map", {"attribute", "default"}, 1));
  const bool none = bound[1] == nullptr || bound[1]->is(Kind::kNone);
  const Value* fallback = none ? nullptr : bound[1];
  std::vector<Value> mapped;
  for (const Value& item : items.items()) {
    INLAY_RETURN_IF_ERROR(budget.Step());
    INLAY_ASSIGN_OR_RETURN(Value value,
                           GetPath(item, *bound[0], budget, fallback));
    mapped.push_back(std::move(value));
  }
  return budget.Sequence(Kind::kGenerator, std::move(mapped));
}

StatusOr<Value> Map(Runtime& runtime, const Value& self, const CallArgs& args) {
  Budget& budget = runtime.budget();
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, budget));
  if (args.positional.empty()) return MapAttribute(runtime, items, args);
  if (!args.positional[0].is(Kind::kString)) {
    return TypeError("map() needs the name of a filter");
  }
  const Native filter = FindFilter(args.positional[0].text());
  if (filter == nullptr) {
    return absl::UnimplementedError(
        absl::StrCat("the filter '", args.positional[0].text(), "'"));
  }
  const CallArgs rest = Rest(args, 1);
  std::vector<Value> mapped;
  for (const Value& item : items.items()) {
    INLAY_RETURN_IF_ERROR(budget.Step());
    INLAY_ASSIGN_OR_RETURN(Value value, filter(runtime, item, rest));
    mapped.push_back(std::move(value));
  }
  return budget.Sequence(Kind::kGenerator, std::move(mapped));
}

// Keeps the items whose test (of the item or its attribute) is kWanted.
template <bool kWanted, bool kAttribute>
StatusOr<Value> Select(Runtime& runtime, const Value& self,
                       const CallArgs& args) {
  Budget& budget = runtime.budget();
  const size_t at = kAttribute ? 1 : 0;  // where the test is named
  if (args.positional.size() < at) {
    return TypeError("selectattr() needs an attribute");
  }
  TestFn test = nullptr;
  if (args.positional.size() > at) {
    const Value& name = args.positional[at];
    if (!name.is(Kind::kString)) return TypeError("a test is named by text");
    test = FindTest(name.text());
    if (test == nullptr) {
      return absl::UnimplementedError(
          absl::StrCat("the test '", name.text(), "'"));
    }
  }
  const CallArgs rest = Rest(args, at + 1);
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(self, budget));
  std::vector<Value> kept;
  for (const Value& item : items.items()) {
    INLAY_RETURN_IF_ERROR(budget.Step());
    Value subject = item;
    if (kAttribute) {
      INLAY_ASSIGN_OR_RETURN(subject,
                             GetPath(item, args.positional[0], budget));
    }
    bool passes = Truthy(subject);
    if (test != nullptr) {
      INLAY_ASSIGN_OR_RETURN(passes, test(runtime, subject, rest));
    }
    if (passes == kWanted) kept.push_back(item);
  }
  return budget.Sequence(Kind::kGenerator, std::move(kept));
}

constexpr NamedNative kSelectFilters[] = {
    {"map", Map},
    {"select", Select<true, false>},
    {"reject", Select<false, false>},
    {"selectattr", Select<true, true>},
    {"rejectattr", Select<false, true>},
};

}  // namespace

Native FindSelectFilter(std::string_view name) {
  return FindIn(kSelectFilters, name);
}

}  // namespace inlay::text::jinja
