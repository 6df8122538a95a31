// Global functions of chat templates.

#include "absl/strings/str_cat.h"
#include "cpp/base/checked.h"
#include "cpp/text/jinja_dict.h"
#include "cpp/text/jinja_library.h"
#include "cpp/text/jinja_print.h"
#include "cpp/text/jinja_strftime.h"

namespace inlay::text::jinja {
namespace {

constexpr uint64_t kMaxRange = 100000;  // the sandbox's own bound

StatusOr<Value> Range(Runtime& runtime, const Value&, const CallArgs& args) {
  if (!args.named.empty()) return TypeError("range() takes no named arguments");
  INLAY_ASSIGN_OR_RETURN(
      Bound bound, Bound::Bind(args, "range", {"start", "stop", "step"}, 1));
  int64_t start = 0, stop = 0, step = 1;
  if (bound[1] == nullptr) {
    INLAY_ASSIGN_OR_RETURN(stop, bound.Int(0, 0));
  } else {
    INLAY_ASSIGN_OR_RETURN(start, bound.Int(0, 0));
    INLAY_ASSIGN_OR_RETURN(stop, bound.Int(1, 0));
    INLAY_ASSIGN_OR_RETURN(step, bound.Int(2, 1));
  }
  if (step == 0) return TypeError("range(): the step is zero");
  uint64_t count = 0;
  if (step > 0 ? start < stop : start > stop) {
    const uint64_t span =
        step > 0 ? static_cast<uint64_t>(stop) - static_cast<uint64_t>(start)
                 : static_cast<uint64_t>(start) - static_cast<uint64_t>(stop);
    const uint64_t stride = step > 0
                                ? static_cast<uint64_t>(step)
                                : uint64_t{0} - static_cast<uint64_t>(step);
    count = (span - 1) / stride + 1;
  }
  if (count > kMaxRange) {
    return absl::ResourceExhaustedError(
        absl::StrCat("range(): more than ", kMaxRange, " items"));
  }
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(count));
  std::vector<Value> items;
  items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    items.push_back(Value::Int(static_cast<int64_t>(
        static_cast<uint64_t>(start) + i * static_cast<uint64_t>(step))));
  }
  return runtime.budget().Sequence(Kind::kRange, std::move(items));
}

// The entries of dict(mapping or pairs, name=value, ...).
StatusOr<Value> MakeDict(Runtime& runtime, const CallArgs& args) {
  Budget& budget = runtime.budget();
  DictBuilder dict(budget);
  if (args.positional.size() > 1) {
    return TypeError("dict() takes at most one positional argument");
  }
  if (!args.positional.empty() && args.positional[0].is(Kind::kDict)) {
    for (const auto& [key, value] : args.positional[0].dict().entries) {
      INLAY_RETURN_IF_ERROR(dict.Set(key, value));
    }
  } else if (!args.positional.empty()) {
    INLAY_ASSIGN_OR_RETURN(Value pairs, Iterate(args.positional[0], budget));
    for (const Value& item : pairs.items()) {
      INLAY_ASSIGN_OR_RETURN(Value pair, Iterate(item, budget));
      if (pair.items().size() != 2) return TypeError("dict() needs pairs");
      INLAY_RETURN_IF_ERROR(dict.Set(pair.items()[0], pair.items()[1]));
    }
  }
  for (const auto& [name, value] : args.named) {
    INLAY_ASSIGN_OR_RETURN(Value key, budget.String(std::string(name)));
    INLAY_RETURN_IF_ERROR(dict.Set(std::move(key), value));
  }
  return dict.Finish();
}

StatusOr<Value> Dict(Runtime& runtime, const Value&, const CallArgs& args) {
  return MakeDict(runtime, args);
}

StatusOr<Value> Namespace(Runtime& runtime, const Value&,
                          const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Value dict, MakeDict(runtime, args));
  INLAY_ASSIGN_OR_RETURN(Value value, runtime.budget().Namespace());
  auto* object = static_cast<NamespaceObject*>(value.object());
  for (const auto& [key, entry] : dict.dict().entries) {
    if (!key.is(Kind::kString)) return TypeError("namespace(): names are text");
    if (!key.text().empty() && key.text()[0] == '_') {
      return TypeError("namespace(): names do not start with an underscore");
    }
    INLAY_RETURN_IF_ERROR(
        runtime.budget().Charge(object, 64 + key.text().size()));
    object->attributes.emplace_back(key.text(), entry);
  }
  return value;
}

StatusOr<Value> RaiseException(Runtime& runtime, const Value&,
                               const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "raise_exception", {"message"}, 1));
  INLAY_ASSIGN_OR_RETURN(Value text, ToStr(*bound[0], runtime.budget()));
  return TypeError(absl::StrCat("the template says: ", text.text()));
}

StatusOr<Value> StrftimeNow(Runtime& runtime, const Value&,
                            const CallArgs& args) {
  INLAY_ASSIGN_OR_RETURN(Bound bound,
                         Bound::Bind(args, "strftime_now", {"format"}, 1));
  INLAY_ASSIGN_OR_RETURN(std::string_view format, bound.Text(0, {}));
  int64_t now = 0;
  if (!runtime.Now(&now)) {
    return TypeError("the template needs the date, and none was given");
  }
  INLAY_RETURN_IF_ERROR(runtime.budget().Check(format.size() * 32));
  INLAY_RETURN_IF_ERROR(runtime.budget().Step(format.size() / 4));
  INLAY_ASSIGN_OR_RETURN(std::string text, Strftime(format, now));
  return runtime.budget().String(std::move(text));
}

template <int kWhich>
StatusOr<Value> Missing(Runtime&, const Value&, const CallArgs&) {
  constexpr std::string_view kNames[] = {"cycler", "joiner", "lipsum"};
  return absl::UnimplementedError(
      absl::StrCat("the function '", kNames[kWhich], "'"));
}

constexpr NamedNative kGlobals[] = {
    {"range", Range},
    {"dict", Dict},
    {"namespace", Namespace},
    {"raise_exception", RaiseException},
    {"strftime_now", StrftimeNow},
    {"cycler", Missing<0>},
    {"joiner", Missing<1>},
    {"lipsum", Missing<2>},
};

}  // namespace

Native FindGlobal(std::string_view name) {
  for (const NamedNative& entry : kGlobals) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

}  // namespace inlay::text::jinja
