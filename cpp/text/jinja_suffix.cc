// What follows a value: .name, [index], (arguments), | filter, is test.

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_guards.h"
#include "cpp/text/jinja_loop.h"
#include "cpp/text/jinja_ops.h"

namespace inlay::text::jinja {
namespace {

Status UndefinedError(const Value& value) {
  const auto* hint = static_cast<const StringObject*>(value.object());
  return TypeError(
      absl::StrCat(hint == nullptr ? std::string_view("a value") : hint->text,
                   " is undefined"));
}

}  // namespace

StatusOr<Value> Interpreter::Attribute(const Value& value,
                                       std::string_view name) {
  if (value.is(Kind::kLoop)) return LoopAttribute(value, name, budget_);
  if (value.is(Kind::kMacro) && name == "name") {
    return budget_.String(
        static_cast<const MacroObject*>(value.object())->macro->name);
  }
  return GetAttribute(value, name, budget_);
}

StatusOr<Value> Interpreter::ApplySlice(const Suffix& suffix,
                                        const Value& value) {
  Value parts[3] = {Value::None(), Value::None(), Value::None()};
  for (size_t i = 0; i < 3; ++i) {
    const ExprPtr& part = suffix.arguments.positional[i];
    if (part == nullptr) continue;
    INLAY_ASSIGN_OR_RETURN(parts[i], Eval(*part));
  }
  return Slice(value, parts[0], parts[1], parts[2], budget_);
}

StatusOr<Value> Interpreter::Apply(const Suffix& suffix, const Value& value,
                                   const Value* caller) {
  const bool undefined = value.is(Kind::kUndefined);
  switch (suffix.kind) {
    case SuffixKind::kAttribute:
      if (undefined) return UndefinedError(value);
      return Attribute(value, suffix.name);
    case SuffixKind::kItem: {
      INLAY_ASSIGN_OR_RETURN(Value key, Eval(*suffix.arguments.positional[0]));
      if (undefined) return UndefinedError(value);
      if (key.is(Kind::kString) && !value.is(Kind::kDict)) {
        return Attribute(value, key.text());
      }
      return GetItem(value, key, budget_);
    }
    case SuffixKind::kSlice:
      if (undefined) return UndefinedError(value);
      return ApplySlice(suffix, value);
    case SuffixKind::kCall: {
      INLAY_ASSIGN_OR_RETURN(CallArgs args, EvalArguments(suffix.arguments));
      if (undefined) return UndefinedError(value);
      if (caller != nullptr) args.named.emplace_back("caller", *caller);
      return Call(value, args);
    }
    case SuffixKind::kFilter: {
      INLAY_ASSIGN_OR_RETURN(CallArgs args, EvalArguments(suffix.arguments));
      return FindFilter(suffix.name)(*this, value, args);
    }
    case SuffixKind::kTest: {
      INLAY_ASSIGN_OR_RETURN(CallArgs args, EvalArguments(suffix.arguments));
      INLAY_ASSIGN_OR_RETURN(bool holds,
                             FindTest(suffix.name)(*this, value, args));
      return Value::Bool(holds != suffix.negated);
    }
  }
  return absl::InternalError("an unknown suffix");
}

}  // namespace inlay::text::jinja
