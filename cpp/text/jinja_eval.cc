// Expressions.

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_dict.h"
#include "cpp/text/jinja_guards.h"
#include "cpp/text/jinja_loop.h"
#include "cpp/text/jinja_ops.h"
#include "cpp/text/jinja_print.h"

namespace inlay::text::jinja {

StatusOr<Value> Interpreter::Eval(const Expr& expr) {
  if (expr.kind == ExprKind::kConstant) return expr.constant;
  DepthGuard depth(*this);
  Status status = depth.status();
  if (status.ok()) status = budget_.Step();
  if (status.ok()) {
    StatusOr<Value> value = DoEval(expr);
    if (value.ok()) return value;
    status = value.status();
  }
  return Locate(std::move(status), expr.position);
}

StatusOr<Value> Interpreter::DoEval(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return expr.constant;
    case ExprKind::kName:
      return EvalName(expr);
    case ExprKind::kList:
    case ExprKind::kTuple:
      return EvalItems(expr);
    case ExprKind::kDict:
      return EvalDict(expr);
    case ExprKind::kNot: {
      INLAY_ASSIGN_OR_RETURN(Value value, Eval(*expr.children[0]));
      return Value::Bool(!Truthy(value));
    }
    case ExprKind::kNegate: {
      INLAY_ASSIGN_OR_RETURN(Value value, Eval(*expr.children[0]));
      return Negate(value);
    }
    case ExprKind::kPlus: {
      INLAY_ASSIGN_OR_RETURN(Value value, Eval(*expr.children[0]));
      if (!value.is_number()) return TypeError("+ needs a number");
      return value.is(Kind::kBool) ? Value::Int(value.integer()) : value;
    }
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return EvalLogical(expr);
    case ExprKind::kConcat:
      return EvalConcat(expr);
    case ExprKind::kBinary:
      return EvalBinary(expr);
    case ExprKind::kCompare:
      return EvalCompare(expr);
    case ExprKind::kCondition:
      return EvalCondition(expr);
    case ExprKind::kPostfix:
      return EvalPostfix(expr);
  }
  return absl::InternalError("an unknown expression");
}

StatusOr<Value> Interpreter::EvalName(const Expr& expr) {
  if (const Value* value = scopes_.Find(expr.name); value != nullptr) {
    return *value;
  }
  if (Native global = FindGlobal(expr.name); global != nullptr) {
    return MakeFunction(global, Value(), budget_);
  }
  return budget_.Undefined(absl::StrCat("'", expr.name, "'"));
}

StatusOr<Value> Interpreter::EvalItems(const Expr& expr) {
  std::vector<Value> items;
  items.reserve(expr.children.size());
  for (const ExprPtr& child : expr.children) {
    INLAY_ASSIGN_OR_RETURN(Value item, Eval(*child));
    items.push_back(std::move(item));
  }
  return budget_.Sequence(
      expr.kind == ExprKind::kList ? Kind::kList : Kind::kTuple,
      std::move(items));
}

StatusOr<Value> Interpreter::EvalDict(const Expr& expr) {
  DictBuilder dict(budget_);
  for (size_t i = 0; i + 1 < expr.children.size(); i += 2) {
    INLAY_ASSIGN_OR_RETURN(Value key, Eval(*expr.children[i]));
    INLAY_ASSIGN_OR_RETURN(Value value, Eval(*expr.children[i + 1]));
    INLAY_RETURN_IF_ERROR(dict.Set(std::move(key), std::move(value)));
  }
  return dict.Finish();
}

StatusOr<Value> Interpreter::EvalLogical(const Expr& expr) {
  const bool stop_at = expr.kind == ExprKind::kOr;
  Value value;
  for (const ExprPtr& child : expr.children) {
    INLAY_ASSIGN_OR_RETURN(value, Eval(*child));
    if (Truthy(value) == stop_at) return value;
  }
  return value;
}

StatusOr<Value> Interpreter::EvalConcat(const Expr& expr) {
  StringBuilder out(budget_);
  for (const ExprPtr& child : expr.children) {
    INLAY_ASSIGN_OR_RETURN(Value value, Eval(*child));
    INLAY_RETURN_IF_ERROR(AppendStr(value, out, budget_));
  }
  return out.Finish();
}

StatusOr<Value> Interpreter::EvalBinary(const Expr& expr) {
  INLAY_ASSIGN_OR_RETURN(Value value, Eval(*expr.children[0]));
  for (size_t i = 0; i < expr.ops.size(); ++i) {
    INLAY_ASSIGN_OR_RETURN(Value right, Eval(*expr.children[i + 1]));
    INLAY_RETURN_IF_ERROR(budget_.Step());
    INLAY_ASSIGN_OR_RETURN(value,
                           Arithmetic(expr.ops[i], value, right, budget_));
  }
  return value;
}

StatusOr<Value> Interpreter::EvalCompare(const Expr& expr) {
  INLAY_ASSIGN_OR_RETURN(Value left, Eval(*expr.children[0]));
  for (size_t i = 0; i < expr.ops.size(); ++i) {
    INLAY_ASSIGN_OR_RETURN(Value right, Eval(*expr.children[i + 1]));
    INLAY_ASSIGN_OR_RETURN(bool holds,
                           Relation(expr.ops[i], left, right, budget_));
    if (!holds) return Value::Bool(false);
    left = std::move(right);
  }
  return Value::Bool(true);
}

StatusOr<Value> Interpreter::EvalCondition(const Expr& expr) {
  size_t i = 0;
  for (; i + 1 < expr.children.size(); i += 2) {
    INLAY_ASSIGN_OR_RETURN(Value test, Eval(*expr.children[i + 1]));
    if (Truthy(test)) return Eval(*expr.children[i]);
  }
  if (expr.children[i] == nullptr) {
    return budget_.Undefined("the value of an if without else");
  }
  return Eval(*expr.children[i]);
}

StatusOr<Value> Interpreter::EvalPostfix(const Expr& expr,
                                         const Value* caller) {
  INLAY_ASSIGN_OR_RETURN(Value value, Eval(*expr.children[0]));
  for (const Suffix& suffix : expr.suffixes) {
    const bool last = &suffix == &expr.suffixes.back();
    INLAY_RETURN_IF_ERROR(budget_.Step());
    StatusOr<Value> next = Apply(suffix, value, last ? caller : nullptr);
    if (!next.ok()) return Locate(next.status(), suffix.position);
    value = *std::move(next);
  }
  return value;
}

StatusOr<Value> Interpreter::Filtered(const std::vector<Suffix>& suffixes,
                                      Value value) {
  for (const Suffix& suffix : suffixes) {
    INLAY_ASSIGN_OR_RETURN(value, Apply(suffix, value, nullptr));
  }
  return value;
}

StatusOr<CallArgs> Interpreter::EvalArguments(const Arguments& arguments) {
  CallArgs args;
  for (const ExprPtr& expr : arguments.positional) {
    INLAY_ASSIGN_OR_RETURN(Value value, Eval(*expr));
    args.positional.push_back(std::move(value));
  }
  for (const auto& [name, expr] : arguments.named) {
    INLAY_ASSIGN_OR_RETURN(Value value, Eval(*expr));
    args.named.emplace_back(name, std::move(value));
  }
  return args;
}

}  // namespace inlay::text::jinja
