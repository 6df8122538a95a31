// for and macro calls.

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_dict.h"
#include "cpp/text/jinja_guards.h"
#include "cpp/text/jinja_loop.h"

namespace inlay::text::jinja {

Status Interpreter::DoFor(const Stmt& stmt) {
  INLAY_ASSIGN_OR_RETURN(Value iterable, Eval(*stmt.expr));
  if (stmt.recursive) scopes_.Capture();
  return RunLoop(stmt, iterable, 0);
}

// The items that pass the loop's own `if`.
StatusOr<std::vector<Value>> Interpreter::LoopItems(const Stmt& stmt,
                                                    const Value& items) {
  std::vector<Value> kept;
  for (const Value& item : items.items()) {
    INLAY_RETURN_IF_ERROR(budget_.Step());
    ScopeGuard scope(*this, scopes_.current());
    INLAY_RETURN_IF_ERROR(scope.status());
    INLAY_RETURN_IF_ERROR(Assign(stmt.target, item));
    INLAY_ASSIGN_OR_RETURN(Value passes, Eval(*stmt.tests[0]));
    if (Truthy(passes)) kept.push_back(item);
  }
  return kept;
}

Status Interpreter::RunLoop(const Stmt& stmt, const Value& iterable,
                            int depth0) {
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(iterable, budget_));
  if (!stmt.tests.empty()) {
    INLAY_ASSIGN_OR_RETURN(std::vector<Value> kept, LoopItems(stmt, items));
    INLAY_ASSIGN_OR_RETURN(items, budget_.List(std::move(kept)));
  }
  auto object = std::make_shared<LoopObject>();
  INLAY_RETURN_IF_ERROR(budget_.Charge(object.get(), sizeof(LoopObject)));
  object->items = items;
  object->depth0 = depth0;
  object->recursive = stmt.recursive ? &stmt : nullptr;
  object->scope = scopes_.current();
  const Value loop = Value::Wrap(Kind::kLoop, object);
  for (size_t i = 0; i < items.items().size(); ++i) {
    object->index = i;
    INLAY_ASSIGN_OR_RETURN(Flow flow, RunPass(stmt, loop, items.items()[i]));
    if (flow == Flow::kBreak) break;
  }
  if (!items.items().empty() || stmt.blocks.size() < 2) return OkStatus();
  ScopeGuard scope(*this, scopes_.current());
  INLAY_RETURN_IF_ERROR(scope.status());
  return Execute(stmt.blocks[1]).status();
}

StatusOr<Interpreter::Flow> Interpreter::RunPass(const Stmt& stmt,
                                                 const Value& loop,
                                                 const Value& item) {
  INLAY_RETURN_IF_ERROR(budget_.Step());
  ScopeGuard scope(*this, scopes_.current());
  INLAY_RETURN_IF_ERROR(scope.status());
  scopes_.current()->Set("loop", loop);
  INLAY_RETURN_IF_ERROR(Assign(stmt.target, item));
  return Execute(stmt.blocks[0]);
}

StatusOr<Value> Interpreter::Call(const Value& callee, const CallArgs& args) {
  INLAY_RETURN_IF_ERROR(budget_.Step());
  switch (callee.kind()) {
    case Kind::kFunction: {
      const auto& function =
          *static_cast<const FunctionObject*>(callee.object());
      return function.function(*this, function.self, args);
    }
    case Kind::kMacro:
      return CallMacro(callee, args);
    case Kind::kLoop: {
      const auto& loop = *static_cast<const LoopObject*>(callee.object());
      if (loop.recursive == nullptr || args.positional.size() != 1 ||
          !args.named.empty()) {
        return TypeError("loop() needs a recursive loop and one iterable");
      }
      DepthGuard depth(*this);
      INLAY_RETURN_IF_ERROR(depth.status());
      ScopeGuard scope(*this, loop.scope);
      INLAY_RETURN_IF_ERROR(scope.status());
      std::string text;
      std::string* const outer = std::exchange(out_, &text);
      Status status =
          RunLoop(*loop.recursive, args.positional[0], loop.depth0 + 1);
      out_ = outer;
      INLAY_RETURN_IF_ERROR(status);
      return budget_.String(std::move(text));
    }
    default:
      return TypeError(
          absl::StrCat("'", TypeName(callee), "' object is not callable"));
  }
}

StatusOr<Value> Interpreter::CallMacro(const Value& callee,
                                       const CallArgs& args) {
  const auto& object = *static_cast<const MacroObject*>(callee.object());
  DepthGuard depth(*this);
  INLAY_RETURN_IF_ERROR(depth.status());
  ScopeGuard scope(*this, object.scope);
  INLAY_RETURN_IF_ERROR(scope.status());
  INLAY_RETURN_IF_ERROR(BindParameters(*object.macro, args));
  return Capture(object.macro->body);
}

Status Interpreter::BindParameters(const Macro& macro, const CallArgs& args) {
  std::vector<bool> used(args.named.size(), false);
  bool has_caller = false;
  for (size_t i = 0; i < macro.parameters.size(); ++i) {
    const Parameter& parameter = macro.parameters[i];
    has_caller |= parameter.name == "caller";
    const Value* given =
        i < args.positional.size() ? &args.positional[i] : nullptr;
    for (size_t k = 0; given == nullptr && k < args.named.size(); ++k) {
      if (used[k] || args.named[k].first != parameter.name) continue;
      used[k] = true;
      given = &args.named[k].second;
    }
    Value value;
    if (given != nullptr) {
      value = *given;
    } else if (parameter.fallback != nullptr) {
      INLAY_ASSIGN_OR_RETURN(value, Eval(*parameter.fallback));
    } else {
      value = budget_.Undefined(parameter.name);
    }
    scopes_.current()->Set(parameter.name, std::move(value));
  }
  if (macro.uses_caller && !has_caller) {
    Value caller = budget_.Undefined("caller");
    for (size_t k = 0; k < args.named.size(); ++k) {
      if (args.named[k].first != "caller") continue;
      used[k] = true;
      caller = args.named[k].second;
    }
    scopes_.current()->Set("caller", std::move(caller));
  }
  return BindExtras(macro, args, used);
}

// Arguments without a parameter: kwargs and varargs, or an error.
Status Interpreter::BindExtras(const Macro& macro, const CallArgs& args,
                               const std::vector<bool>& used) {
  DictBuilder rest(budget_);
  for (size_t k = 0; k < args.named.size(); ++k) {
    if (used[k]) continue;
    if (!macro.uses_kwargs) {
      return TypeError(absl::StrCat("macro '", macro.name,
                                    "' takes no keyword argument '",
                                    args.named[k].first, "'"));
    }
    INLAY_ASSIGN_OR_RETURN(Value name,
                           budget_.String(std::string(args.named[k].first)));
    INLAY_RETURN_IF_ERROR(rest.Set(std::move(name), args.named[k].second));
  }
  if (macro.uses_kwargs) {
    INLAY_ASSIGN_OR_RETURN(Value kwargs, rest.Finish());
    scopes_.current()->Set("kwargs", std::move(kwargs));
  }
  const size_t expected =
      std::min(macro.parameters.size(), args.positional.size());
  if (macro.uses_varargs) {
    std::vector<Value> more(
        args.positional.begin() + static_cast<std::ptrdiff_t>(expected),
        args.positional.end());
    INLAY_ASSIGN_OR_RETURN(Value varargs,
                           budget_.Sequence(Kind::kTuple, std::move(more)));
    scopes_.current()->Set("varargs", std::move(varargs));
  } else if (args.positional.size() > expected) {
    return TypeError(absl::StrCat("macro '", macro.name, "' takes at most ",
                                  macro.parameters.size(), " arguments"));
  }
  return OkStatus();
}

}  // namespace inlay::text::jinja
