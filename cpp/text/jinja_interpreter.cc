// Statements.

#include "cpp/text/jinja_interpreter.h"

#include "absl/strings/str_cat.h"
#include "cpp/text/jinja_guards.h"
#include "cpp/text/jinja_loop.h"
#include "cpp/text/jinja_print.h"

namespace inlay::text::jinja {

Interpreter::Interpreter(Budget& budget, const RunLimits& limits,
                         std::optional<int64_t> now)
    : budget_(budget), limits_(limits), now_(now) {}

bool Interpreter::Now(int64_t* unix_seconds) const {
  if (now_) *unix_seconds = *now_;
  return now_.has_value();
}

Status Interpreter::SetVariable(std::string_view name, Value value) {
  if (scopes_.current() == nullptr) {
    INLAY_RETURN_IF_ERROR(scopes_.Enter(nullptr, budget_));
  }
  scopes_.current()->Set(name, std::move(value));
  return OkStatus();
}

StatusOr<std::string> Interpreter::Run(const Block& block) {
  // The template's own names are a scope inside the variables'.
  INLAY_RETURN_IF_ERROR(scopes_.Enter(scopes_.current(), budget_));
  std::string out;
  out_ = &out;
  INLAY_RETURN_IF_ERROR(Execute(block).status());
  return out;
}

Status Interpreter::Locate(Status status, Position position) {
  if (located_) return status;
  located_ = true;
  return ErrorAt(position, status.message(), status.code());
}

Status Interpreter::Emit(std::string_view text) {
  if (text.size() > limits_.max_output_bytes ||
      out_->size() > limits_.max_output_bytes - text.size()) {
    return absl::ResourceExhaustedError("the output is too long");
  }
  INLAY_RETURN_IF_ERROR(budget_.Step(text.size() / 64));
  out_->append(text);
  return OkStatus();
}

StatusOr<Interpreter::Flow> Interpreter::Execute(const Block& block) {
  for (const StmtPtr& stmt : block) {
    INLAY_ASSIGN_OR_RETURN(Flow flow, ExecuteStmt(*stmt));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

StatusOr<Interpreter::Flow> Interpreter::ExecuteStmt(const Stmt& stmt) {
  DepthGuard depth(*this);
  Status status = depth.status();
  if (status.ok()) status = budget_.Step();
  if (status.ok()) {
    StatusOr<Flow> flow = DoStmt(stmt);
    if (flow.ok()) return flow;
    status = flow.status();
  }
  return Locate(std::move(status), stmt.position);
}

StatusOr<Interpreter::Flow> Interpreter::DoStmt(const Stmt& stmt) {
  Status status;
  switch (stmt.kind) {
    case StmtKind::kText:
      status = Emit(stmt.text);
      break;
    case StmtKind::kOutput:
      status = DoOutput(stmt);
      break;
    case StmtKind::kIf:
      return DoIf(stmt);
    case StmtKind::kFor:
      status = DoFor(stmt);
      break;
    case StmtKind::kSet: {
      INLAY_ASSIGN_OR_RETURN(Value value, Eval(*stmt.expr));
      status = Assign(stmt.target, value);
      break;
    }
    case StmtKind::kSetBlock:
    case StmtKind::kFilter:
      status = DoCapture(stmt);
      break;
    case StmtKind::kMacro:
      status = DoMacro(stmt);
      break;
    case StmtKind::kCall:
      status = DoCall(stmt);
      break;
    case StmtKind::kScope:
      return DoScope(stmt);
    case StmtKind::kBreak:
      return Flow::kBreak;
    case StmtKind::kContinue:
      return Flow::kContinue;
  }
  if (!status.ok()) return status;
  return Flow::kNext;
}

Status Interpreter::DoOutput(const Stmt& stmt) {
  INLAY_ASSIGN_OR_RETURN(Value value, Eval(*stmt.expr));
  INLAY_ASSIGN_OR_RETURN(Value text, ToStr(value, budget_));
  return Emit(text.text());
}

StatusOr<Interpreter::Flow> Interpreter::DoIf(const Stmt& stmt) {
  for (size_t i = 0; i < stmt.tests.size(); ++i) {
    INLAY_ASSIGN_OR_RETURN(Value test, Eval(*stmt.tests[i]));
    if (Truthy(test)) return Execute(stmt.blocks[i]);
  }
  if (stmt.blocks.size() == stmt.tests.size()) return Flow::kNext;
  return Execute(stmt.blocks.back());
}

StatusOr<Interpreter::Flow> Interpreter::DoScope(const Stmt& stmt) {
  ScopeGuard scope(*this, scopes_.current());
  INLAY_RETURN_IF_ERROR(scope.status());
  return Execute(stmt.blocks[0]);
}

StatusOr<Value> Interpreter::Capture(const Block& body) {
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  StatusOr<Flow> flow = Execute(body);
  out_ = outer;
  INLAY_RETURN_IF_ERROR(flow.status());
  return budget_.String(std::move(text));
}

Status Interpreter::DoCapture(const Stmt& stmt) {
  Value value;
  {
    ScopeGuard scope(*this, scopes_.current());
    INLAY_RETURN_IF_ERROR(scope.status());
    INLAY_ASSIGN_OR_RETURN(value, Capture(stmt.blocks[0]));
    INLAY_ASSIGN_OR_RETURN(value, Filtered(stmt.suffixes, std::move(value)));
  }
  if (stmt.kind == StmtKind::kSetBlock) return Assign(stmt.target, value);
  INLAY_ASSIGN_OR_RETURN(Value text, ToStr(value, budget_));
  return Emit(text.text());
}

StatusOr<Value> Interpreter::MakeMacro(const Macro& macro) {
  auto object = std::make_shared<MacroObject>();
  INLAY_RETURN_IF_ERROR(budget_.Charge(object.get(), sizeof(MacroObject)));
  object->macro = &macro;
  object->scope = scopes_.current();
  scopes_.Capture();
  return Value::Wrap(Kind::kMacro, std::move(object));
}

Status Interpreter::DoMacro(const Stmt& stmt) {
  INLAY_ASSIGN_OR_RETURN(Value macro, MakeMacro(*stmt.macro));
  scopes_.current()->Set(stmt.macro->name, std::move(macro));
  return OkStatus();
}

Status Interpreter::DoCall(const Stmt& stmt) {
  INLAY_ASSIGN_OR_RETURN(Value caller, MakeMacro(*stmt.macro));
  INLAY_ASSIGN_OR_RETURN(Value result, EvalPostfix(*stmt.expr, &caller));
  INLAY_ASSIGN_OR_RETURN(Value text, ToStr(result, budget_));
  return Emit(text.text());
}

Status Interpreter::Assign(const Target& target, const Value& value) {
  if (!target.several.empty()) return Unpack(target, value);
  if (target.attribute.empty()) {
    scopes_.current()->Set(target.name, value);
    return OkStatus();
  }
  const Value* found = scopes_.Find(target.name);
  if (found == nullptr || !found->is(Kind::kNamespace)) {
    return TypeError("cannot assign an attribute of a non-namespace object");
  }
  if (target.attribute[0] == '_') {
    return TypeError("a namespace's names do not start with an underscore");
  }
  auto* object = static_cast<NamespaceObject*>(found->object());
  for (auto& [name, slot] : object->attributes) {
    if (name != target.attribute) continue;
    slot = value;
    return OkStatus();
  }
  INLAY_RETURN_IF_ERROR(budget_.Step(object->attributes.size()));
  INLAY_RETURN_IF_ERROR(budget_.Charge(object, 64 + target.attribute.size()));
  object->attributes.emplace_back(target.attribute, value);
  return OkStatus();
}

Status Interpreter::Unpack(const Target& target, const Value& value) {
  if (value.is(Kind::kUndefined)) return TypeError("unpacking undefined");
  INLAY_ASSIGN_OR_RETURN(Value items, Iterate(value, budget_));
  if (items.items().size() != target.several.size()) {
    return TypeError(absl::StrCat("expected ", target.several.size(),
                                  " values to unpack, got ",
                                  items.items().size()));
  }
  for (size_t i = 0; i < target.several.size(); ++i) {
    INLAY_RETURN_IF_ERROR(Assign(target.several[i], items.items()[i]));
  }
  return OkStatus();
}

}  // namespace inlay::text::jinja
