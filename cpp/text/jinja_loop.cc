#include "cpp/text/jinja_loop.h"

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_dict.h"

namespace inlay::text::jinja {
namespace {

LoopObject& Of(const Value& loop) {
  return *static_cast<LoopObject*>(loop.object());
}

StatusOr<Value> Cycle(Runtime&, const Value& self, const CallArgs& args) {
  if (args.positional.empty() || !args.named.empty()) {
    return TypeError("loop.cycle() needs items");
  }
  return args.positional[Of(self).index % args.positional.size()];
}

StatusOr<Value> Changed(Runtime& runtime, const Value& self,
                        const CallArgs& args) {
  LoopObject& loop = Of(self);
  bool same = loop.has_changed && loop.changed.size() == args.positional.size();
  for (size_t i = 0; same && i < args.positional.size(); ++i) {
    INLAY_ASSIGN_OR_RETURN(
        same, Equal(loop.changed[i], args.positional[i], runtime.budget()));
  }
  loop.has_changed = true;
  if (!same) loop.changed = args.positional;
  return Value::Bool(!same);
}

}  // namespace

StatusOr<Value> LoopAttribute(const Value& value, std::string_view name,
                              Budget& budget) {
  const LoopObject& loop = Of(value);
  const std::vector<Value>& items = loop.items.items();
  const auto index = static_cast<int64_t>(loop.index);
  const auto length = static_cast<int64_t>(items.size());
  if (name == "index") return Value::Int(index + 1);
  if (name == "index0") return Value::Int(index);
  if (name == "first") return Value::Bool(index == 0);
  if (name == "last") return Value::Bool(index + 1 == length);
  if (name == "length") return Value::Int(length);
  if (name == "revindex") return Value::Int(length - index);
  if (name == "revindex0") return Value::Int(length - index - 1);
  if (name == "depth") return Value::Int(loop.depth0 + 1);
  if (name == "depth0") return Value::Int(loop.depth0);
  if (name == "previtem") {
    if (index == 0) return budget.Undefined("the previous item");
    return items[loop.index - 1];
  }
  if (name == "nextitem") {
    if (index + 1 >= length) return budget.Undefined("the next item");
    return items[loop.index + 1];
  }
  if (name == "cycle") return MakeFunction(Cycle, value, budget);
  if (name == "changed") return MakeFunction(Changed, value, budget);
  return budget.Undefined(absl::StrCat("loop.", name));
}

}  // namespace inlay::text::jinja
